import type { Unit } from '../project.js'
import { type WriteOptions, labelOf } from '../records/body.js'
import type { LoadedRecord } from '../records/read.js'
import { propertiesOf } from '../records/typed.js'
import { upsertRecords } from '../records/upsert.js'
import { type Given, newRecord, storeRecords } from '../records/write.js'
import { connect, defaultType, type Edge } from '../relations/edges.js'
import { vectorEntries } from '../vectors/entry.js'
import { VectorTargets } from '../vectors/targets.js'
import { importedMax, type Node, tooMany } from './nesting.js'

/** Stores records with relationships to their parents, and returns them in their order. @throws RushProblem 400, 404, 413, 422 */
export async function importNodes(unit: Unit, nodes: readonly Node[], options: WriteOptions): Promise<LoadedRecord[]> {
  const targets = new VectorTargets(unit)
  const given: Given[] = []
  for (const { label: own, values, vectors } of nodes) {
    const label = labelOf(own, options)
    given.push({
      ...(label !== undefined && { label }),
      properties: propertiesOf(values, options),
      vectors: vectors == null ? {} : await targets.vectorsFor(label, vectorEntries(vectors)),
    })
  }
  const records = await stored(unit, given, options)
  const edges = edgesOf(nodes, records, options.relationshipType ?? defaultType)
  if (records.length + edges.length > importedMax) throw tooMany()
  await connect(unit, edges)
  return records
}

async function stored(unit: Unit, given: readonly Given[], { mergeBy, mergeStrategy }: WriteOptions): Promise<LoadedRecord[]> {
  if (mergeBy || mergeStrategy) return upsertRecords(unit, given, { mergeBy: mergeBy ?? [], strategy: mergeStrategy ?? 'append' })
  const records = given.map(newRecord)
  await storeRecords(unit, records)
  return records
}

function edgesOf(nodes: readonly Node[], records: readonly LoadedRecord[], type: string): Edge[] {
  return nodes.flatMap(({ parent }, at) =>
    parent === undefined ? [] : [{ source: records[parent]!.id, target: records[at]!.id, type }],
  )
}
