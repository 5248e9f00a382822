import { checkedVector } from '../version/vectors.js'
import type { CollectionState } from '../version/state.js'
import { chooseIndex } from './choose-index.js'
import type { SearchPlan } from './plan.js'

interface VectorOptions {
  vector: unknown
  field?: string
  index?: string
  exact?: boolean
  ef?: number
  recall?: number
}

/** The part of a plan that a query's vector gives. @throws QuiverError NOT_FOUND, AMBIGUOUS_INDEX, DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR */
export function vectorPlan(
  collection: CollectionState,
  options: VectorOptions,
  common: Pick<SearchPlan, 'count' | 'filter' | 'budget'>,
): SearchPlan {
  const { exact, ef, recall } = options
  const index = chooseIndex(collection, options)
  const values = checkedVector(options.vector, index.index, 'the query')
  return {
    ...common,
    collection,
    index,
    query: values instanceof Float32Array ? values : Float32Array.from(values),
    exact: exact ?? recall === 1,
    ef,
    recall,
    maxDistance: Infinity,
  }
}
