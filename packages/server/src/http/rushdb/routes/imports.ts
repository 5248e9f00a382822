import { Type } from 'typebox'
import { csvOptions, csvRows } from '../imports/csv.js'
import { importNodes } from '../imports/import.js'
import { nodesOf, type Node } from '../imports/nesting.js'
import { parsedPayload, payloadFormats } from '../imports/payload.js'
import { badRequest } from '../problem.js'
import { labelOfWrite, optionsOfWrite, vectorsOfWrite, type WriteOptions } from '../records/body.js'
import { refuseReserved } from '../records/reserved.js'
import { wireOf } from '../stored.js'
import type { Call, Surface } from '../surface.js'

const optional = Type.Optional
/** More records than this are counted, not sent back. */
const returnedMax = 1_000

const jsonBody = Type.Object({
  label: labelOfWrite,
  data: Type.Unknown(),
  format: optional(Type.Union([...payloadFormats.map((format) => Type.Literal(format)), Type.Null()])),
  options: optionsOfWrite,
  vectors: vectorsOfWrite,
})

const csvBody = Type.Object({
  label: Type.String({ minLength: 1 }),
  data: Type.String(),
  options: optionsOfWrite,
  parseConfig: optional(Type.Union([csvOptions, Type.Null()])),
  vectors: vectorsOfWrite,
})

/** Many records in one commit. */
export function importRoutes(surface: Surface): void {
  surface.route(
    'POST',
    '/records/import/json',
    { needs: 'write', summary: 'Store nested JSON as records with relationships', body: jsonBody, status: 201 },
    async (call) => {
      const { label, data, format, vectors, options } = call.body
      const parsed = typeof data === 'string' ? parsedPayload(data, format ?? undefined) : data
      if (parsed == null) throw badRequest('Request validation of body failed, because: "data" is required')
      refuseReserved(parsed)
      return imported(call, withVectors(nodesOf(parsed, label || undefined), vectors), options ?? {})
    },
  )
  surface.route(
    'POST',
    '/records/import/csv',
    { needs: 'write', summary: 'Store the rows of a table as records', body: csvBody, status: 201 },
    async (call) => {
      const { label, data, parseConfig, vectors } = call.body
      const options = call.body.options ?? {}
      const rows = csvRows(data, parseConfig ?? {}, options.suggestTypes ?? false)
      return imported(call, withVectors(nodesOf(rows, label), vectors), options)
    },
  )
}

async function imported({ unit, legacy }: Call, nodes: readonly Node[], options: WriteOptions): Promise<unknown> {
  const records = await importNodes(unit, nodes, options)
  // Clients of 1.x go through the answer as a list, whatever they asked for.
  if (legacy) return options.returnResult ? records.map(wireOf) : []
  if (!options.returnResult || records.length === 0) return true
  if (records.length <= returnedMax) return records.map(wireOf)
  return { message: `${records.length} records have been imported.`, count: records.length }
}

/** Vectors that came beside the rows: a list for each row, or one vector. */
function withVectors(nodes: readonly Node[], vectors: readonly unknown[] | null | undefined): readonly Node[] {
  if (!vectors || vectors.length === 0) return nodes
  const rows = nodes.filter(({ parent }) => parent === undefined)
  if (vectors.length > rows.length)
    throw badRequest(`Invalid import: there are vectors for ${vectors.length} rows, and ${rows.length} rows.`)
  const given = new Map(rows.slice(0, vectors.length).map((row, at) => [row, vectors[at]]))
  return nodes.map((node) => {
    const entries = given.get(node)
    return entries == null ? node : { ...node, vectors: [node.vectors ?? [], entries].flat() }
  })
}
