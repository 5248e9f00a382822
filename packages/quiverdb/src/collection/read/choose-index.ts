import { QuiverError } from '../../errors.js'
import type { IndexState } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import { unknownIndex } from '../version/vectors.js'

/** The index that a query means. @throws QuiverError NOT_FOUND, AMBIGUOUS_INDEX */
export function chooseIndex(collection: CollectionState, { field, index: name }: { field?: string; index?: string }): IndexState {
  if (collection.indexes.length === 1 && field === undefined && name === undefined) return collection.indexes[0]!
  const all = collection.indexes.map(({ index }) => index)
  const fitting = collection.indexes.filter(({ index: { definition } }) => {
    return (name === undefined || definition.name === name) && (field === undefined || definition.field === field)
  })
  if (fitting.length === 1) return fitting[0]!
  if (all.length === 0)
    throw new QuiverError('NOT_FOUND', `Collection '${collection.name}' has no vector index.`, {
      details: { collection: collection.name },
    })
  if (fitting.length === 0) throw unknownIndex(name ?? field ?? '', collection.name, all)
  const names = fitting.map(({ index }) => `'${index.definition.name}'`).join(', ')
  throw new QuiverError(
    'AMBIGUOUS_INDEX',
    `Collection '${collection.name}' has several indexes that fit: ${names}. Name one with 'index'.`,
    {
      details: { indexes: fitting.map(({ index }) => index.definition.name) },
    },
  )
}
