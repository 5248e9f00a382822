import { Type } from 'typebox'
import type { Unit } from '../project.js'
import { filterOf, matchingIds } from '../query/filter.js'
import { type RecordBody, labelOf, propertiesOfBody, recordBody } from '../records/body.js'
import { loadRecord, recordById, recordsByIds } from '../records/read.js'
import { upsertRecords } from '../records/upsert.js'
import {
  changedRecord,
  deleteRecords,
  type Given,
  newRecord,
  propertiesOfIndexes,
  replaceRecords,
  storeRecords,
  type Strategy,
} from '../records/write.js'
import { type WireRecord, wireOf } from '../stored.js'
import { vectorEntries } from '../vectors/entry.js'
import { VectorTargets } from '../vectors/targets.js'
import { type Call, Status, type Surface } from '../surface.js'

const createBody = Type.Intersect([recordBody, Type.Object({ ids: Type.Optional(Type.Array(Type.String())) })])

const deleteBody = Type.Optional(Type.Object({ labels: Type.Optional(Type.Unknown()), where: Type.Optional(Type.Unknown()) }))

/** Records one by one. */
export function recordRoutes(surface: Surface): void {
  surface.route(
    'POST',
    '/records',
    { needs: 'write', summary: 'Create a record, or change those that match', body: createBody, status: 201 },
    async ({ unit, body }) => {
      if (body.ids) return new Status(200, (await recordsByIds(unit, body.ids)).map(wireOf))
      return wireOf(await created(unit, body))
    },
  )
  surface.route('GET', '/records/:id', { needs: 'read', summary: 'A record' }, async ({ unit, params }) =>
    wireOf(await recordById(unit, params['id']!)),
  )
  const change = { needs: 'write', body: recordBody, status: 201 } as const
  surface.route('PUT', '/records/:id', { ...change, summary: 'Replace the properties of a record' }, (call) =>
    changed(call, 'rewrite'),
  )
  surface.route('PATCH', '/records/:id', { ...change, summary: 'Add to the properties of a record' }, (call) =>
    changed(call, 'append'),
  )
  surface.route('DELETE', '/records/:id', { needs: 'write', summary: 'Delete a record' }, async ({ unit, params }) => {
    const found = await recordsByIds(unit, [params['id']!])
    await deleteRecords(
      unit,
      found.map(({ id }) => id),
    )
    return { message: `Record with id ${params['id']!.slice(0, 100)} has been deleted.` }
  })
  surface.route(
    'POST',
    '/records/delete',
    { needs: 'write', summary: 'Delete all records that match', body: deleteBody, status: 201 },
    async ({ unit, body }) => {
      const ids = await matchingIds(unit, await filterOf(unit, body ?? {}))
      await deleteRecords(unit, ids)
      return { message: `${ids.length} records have been deleted.` }
    },
  )
}

async function created(unit: Unit, body: RecordBody): Promise<ReturnType<typeof newRecord>> {
  const given = await givenOf(unit, body, labelOf(body.label, body.options))
  const { mergeBy, mergeStrategy } = body.options ?? {}
  if (mergeBy || mergeStrategy) {
    const [record] = await upsertRecords(unit, [given], { mergeBy: mergeBy ?? [], strategy: mergeStrategy ?? 'append' })
    return record!
  }
  const record = newRecord(given)
  await storeRecords(unit, [record])
  return record
}

async function changed({ unit, body, params }: Call<RecordBody>, strategy: Strategy): Promise<WireRecord> {
  const before = await loadRecord(unit, params['id']!)
  const given = await givenOf(unit, body, labelOf(body.label, body.options) ?? before.label)
  const after = changedRecord(before, given, strategy, await propertiesOfIndexes(unit, [before]))
  await replaceRecords(unit, [{ before, after }])
  return wireOf(after)
}

async function givenOf(unit: Unit, body: RecordBody, label: string | undefined): Promise<Given> {
  const properties = propertiesOfBody(body)
  const vectors = await new VectorTargets(unit).vectorsFor(label, vectorEntries(body.vectors))
  return { ...(label !== undefined && { label }), properties, vectors }
}
