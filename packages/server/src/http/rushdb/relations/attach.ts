import type { Filter } from 'quiverdb'
import { chunksOf } from '../chunks.js'
import type { Unit } from '../project.js'
import type { StoredRecord } from '../stored.js'
import { connect, type Direction, type Edge, storedType } from './edges.js'

const idsPerRead = 10_000

interface Attachment extends Pick<Edge, 'props' | 'data'> {
  readonly type?: string
  readonly direction?: Direction
}

/** Relates a record to others, replacing what is there of the same type. Those that are not there are left out. Returns how many. */
export async function attach(unit: Unit, id: string, targetIds: readonly string[], attachment: Attachment): Promise<number> {
  const { type, direction, props, data } = attachment
  const [there, targets] = await Promise.all([presentOf(unit, [id]), presentOf(unit, targetIds)])
  if (there.size === 0) return 0
  const edges = [...targets].map((target) => ({ ...endsOf(id, target, direction), type: storedType(type), props, data }))
  await connect(unit, edges)
  return edges.length
}

/** Ends relationships of a record with others: of all types and in both directions, where none is given. Returns how many. */
export async function detach(
  unit: Unit,
  id: string,
  targetIds: readonly string[],
  { types, direction }: { types?: readonly string[]; direction?: Direction },
): Promise<number> {
  const ofType: Filter = types ? { type: { $in: types.map(storedType) } } : {}
  let ended = 0
  for (const ids of chunksOf(targetIds, idsPerRead)) {
    for (const towards of direction ? [direction] : (['out', 'in'] as const)) {
      const ends: Filter = towards === 'out' ? { source: id, target: { $in: ids } } : { target: id, source: { $in: ids } }
      ended += await unit.relationships.delete({ where: { ...ofType, ...ends } })
    }
  }
  return ended
}

/** An edge from one record to another, as the first sees it. */
export function endsOf(id: string, other: string, direction: Direction = 'out'): Pick<Edge, 'source' | 'target'> {
  return direction === 'out' ? { source: id, target: other } : { source: other, target: id }
}

/** Those of the records that are there. */
async function presentOf(unit: Unit, ids: readonly string[]): Promise<Set<string>> {
  const present = new Set<string>()
  for (const some of chunksOf(ids, idsPerRead))
    for (const record of await unit.records.getMany(some, { fields: ['id'] })) if (record) present.add(record.id)
  return present
}

/** The labels of records; those without one are left out. */
export async function labelsOf(unit: Unit, ids: Iterable<string>): Promise<Map<string, NonNullable<StoredRecord['label']>>> {
  const labels = new Map<string, string>()
  for (const some of chunksOf([...new Set(ids)], idsPerRead))
    for (const record of await unit.records.getMany(some, { fields: ['label'] }))
      if (record?.label !== undefined) labels.set(record.id, record.label)
  return labels
}
