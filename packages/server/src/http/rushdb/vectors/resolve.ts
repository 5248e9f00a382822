import { notFound, type RushProblem, unprocessable } from '../problem.js'
import type { StoredIndex } from '../stored.js'
import type { SearchParams } from './search-params.js'

/** What tells the indexes of one property apart, and what is asked of them. */
export type Wish = Omit<SearchParams, 'labels' | 'where' | 'skip' | 'limit'>

/**
 * The index of each label that a search means, at least one; labels that have none which fits are passed over.
 * Where several fit and differ in what their scores mean, the caller must say which; where only their source differs, vectors are looked for among
 * vectors that were given, and texts among texts.
 * @throws RushProblem 404: none fits. 422: several do, or none for what is looked for
 */
export function resolveIndexes(indexes: readonly StoredIndex[], labels: readonly string[], wish: Wish): StoredIndex[] {
  checkWish(wish)
  const found: StoredIndex[] = []
  let problem: RushProblem | undefined
  for (const label of labels) {
    const ofLabel = indexes.filter((index) => index.label === label && index.propertyName === wish.propertyName)
    const index = indexOf(ofLabel, label, wish)
    if ('id' in index) found.push(index)
    // That there is an index, only not for this, says more than that there is none.
    else if (problem === undefined || index.status === 422) problem = index
  }
  if (found.length === 0) throw problem!
  if (new Set(found.map(({ similarityFunction }) => similarityFunction)).size > 1)
    throw unprocessable('The indexes of these labels differ in their similarityFunction: specify similarityFunction.')
  return found
}

function checkWish({ query, queryVector, dimensions }: Wish): void {
  if (query !== undefined && queryVector !== undefined) throw unprocessable('Give "query" or "queryVector", not both.')
  if (!query?.trim() && queryVector === undefined) throw unprocessable('Give "query" or "queryVector": what to look for.')
  if (queryVector !== undefined && dimensions !== undefined && dimensions !== queryVector.length)
    throw unprocessable(`"queryVector" has ${queryVector.length} dimensions, "dimensions" says ${dimensions}.`)
}

function indexOf(ofLabel: readonly StoredIndex[], label: string, wish: Wish): StoredIndex | RushProblem {
  const named = ofLabel.filter(
    ({ sourceType, similarityFunction }) =>
      (wish.sourceType === undefined || sourceType === wish.sourceType) &&
      (wish.similarityFunction === undefined || similarityFunction === wish.similarityFunction),
  )
  const owner = `label "${label}" and property "${wish.propertyName}"`
  if (named.length === 0) return notFound(`There is no such AI index of ${owner}.`)
  const usable = wish.query === undefined ? named : named.filter(({ sourceType }) => sourceType === 'managed')
  if (usable.length === 0)
    return unprocessable(
      `The index of ${owner} is external: it needs "queryVector", since the server cannot embed "query" for it.`,
    )
  const wanted = wish.dimensions ?? wish.queryVector?.length
  const fitting = wanted === undefined ? usable : usable.filter(({ dimensions }) => dimensions === wanted)
  if (fitting.length === 0)
    return unprocessable(
      `No index of ${owner} has ${wanted} dimensions, but ${usable.map(({ dimensions }) => dimensions).join(', ')}.`,
    )
  return theOne(fitting, owner)
}

function theOne(fitting: readonly StoredIndex[], owner: string): StoredIndex {
  for (const key of ['similarityFunction', 'dimensions'] as const) {
    if (new Set(fitting.map((index) => index[key])).size > 1)
      throw unprocessable(`Several indexes of ${owner} differ in their ${key}: specify ${key}.`)
  }
  return fitting.find(({ sourceType }) => sourceType === 'external') ?? fitting[0]!
}
