import { v7 as newId } from 'uuid'
import { chunksOf } from '../chunks.js'
import type { Unit } from '../project.js'
import { removeEdgesOf } from '../relations/edges.js'
import { propOf, type StoredRecord, storedName, typeAndName } from '../stored.js'
import type { LoadedRecord, VectorsByIndex } from './read.js'
import type { Properties } from './typed.js'

/** What a request says of one record. */
export interface Given {
  readonly label?: string
  readonly properties: Properties
  /** Of external AI indexes. */
  readonly vectors: VectorsByIndex
}

/** How what is given meets what is there: `append` adds to it, `rewrite` replaces all properties. */
export type Strategy = 'append' | 'rewrite'

const perCallMax = 20_000
/** So many records are changed one by one, which leaves their vectors where they are; of more it is quicker to write them whole. */
const changedAloneMax = 50

export function newRecord({ label, properties, vectors }: Given): LoadedRecord {
  return { id: newId(), ...(label !== undefined && { label }), ...contentOf(properties), $vectors: vectors }
}

/**
 * The record as it will be. Its vectors stay, but for those of a property that it loses, and of AI indexes of another label.
 * @param propertyOf the property of an AI index
 */
export function changedRecord(
  before: LoadedRecord,
  { label = before.label, properties, vectors }: Given,
  strategy: Strategy,
  propertyOf: (indexId: string) => string | undefined,
): LoadedRecord {
  const had = propertiesOfRecord(before)
  const has = strategy === 'append' ? new Map([...had, ...properties]) : properties
  const $vectors: VectorsByIndex = {}
  if (label === before.label)
    for (const [index, vector] of Object.entries(before.$vectors)) {
      const name = propertyOf(index)
      if (name !== undefined && (has.has(name) || !had.has(name))) $vectors[index] = vector
    }
  return {
    id: before.id,
    ...(label !== undefined && { label }),
    ...contentOf(has),
    $vectors: { ...$vectors, ...vectors },
  }
}

/** The properties of the AI indexes that these records have vectors of. */
export async function propertiesOfIndexes(
  unit: Unit,
  records: Iterable<LoadedRecord>,
): Promise<(indexId: string) => string | undefined> {
  const ids = new Set<string>()
  for (const { $vectors } of records) for (const id of Object.keys($vectors)) ids.add(id)
  const names = new Map<string, string>()
  if (ids.size > 0) for (const index of await unit.indexes.getMany([...ids])) if (index) names.set(index.id, index.propertyName)
  return (id) => names.get(id)
}

/** Stores records that are new. */
export async function storeRecords(unit: Unit, records: readonly LoadedRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += perCallMax) await unit.records.upsert(records.slice(from, from + perCallMax))
}

/** Stores records that are there already. */
export async function replaceRecords(
  unit: Unit,
  changes: readonly { readonly before: LoadedRecord; readonly after: LoadedRecord }[],
): Promise<void> {
  if (changes.length > changedAloneMax)
    return storeRecords(
      unit,
      changes.map(({ after }) => after),
    )
  for (const { before, after } of changes) {
    const { id, label, props, data } = after
    await unit.records.update(id, { ...(label !== undefined && { label }), props, data, $vectors: changedVectors(before, after) })
  }
}

/** Removes records, with their relationships. */
export async function deleteRecords(unit: Unit, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await removeEdgesOf(unit, ids)
  for (const some of chunksOf(ids, perCallMax)) await unit.records.delete(some)
}

function changedVectors(before: LoadedRecord, after: LoadedRecord): { [index: string]: number[] | null } {
  const changed: { [index: string]: number[] | null } = {}
  for (const index of Object.keys(before.$vectors)) if (!(index in after.$vectors)) changed[index] = null
  for (const [index, vector] of Object.entries(after.$vectors)) if (before.$vectors[index] !== vector) changed[index] = vector
  return changed
}

/** Properties as they are stored. */
export function contentOf(properties: Properties): Pick<StoredRecord, 'props' | 'data'> {
  const props: string[] = []
  const data = Object.create(null) as StoredRecord['data']
  for (const [name, { type, value }] of properties) {
    props.push(propOf(type, name))
    data[storedName(name)] = value
  }
  return { props, data }
}

export function propertiesOfRecord({ props, data }: StoredRecord): Properties {
  return new Map(
    props.map((prop) => {
      const [type, name] = typeAndName(prop)
      return [name, { type, value: data[storedName(name)]! }]
    }),
  )
}
