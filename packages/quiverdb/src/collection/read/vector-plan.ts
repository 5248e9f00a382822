import { checkedVector } from '../version/vectors.js'
import type { CollectionState } from '../version/state.js'
import { chooseIndex } from './choose-index.js'
import type { SearchPlan } from './plan.js'

interface VectorOptions {
  vector?: unknown
  field?: string
  index?: string
  exact?: boolean
  ef?: number
  recall?: number
}

/** What does not depend on the vector. */
type CommonPlan = Pick<SearchPlan, 'count' | 'filter' | 'budget' | 'strategy' | 'overquery' | 'candidatesMax' | 'trace'> & {
  /** Default: all are near enough. */
  readonly maxDistance?: number | undefined
}

/** A plan by the vector of a query. @throws QuiverError NOT_FOUND, AMBIGUOUS_INDEX, DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR */
export function vectorPlan(collection: CollectionState, options: VectorOptions, common: CommonPlan): SearchPlan {
  const { exact, ef, recall } = options
  const { count, filter, budget, maxDistance = Infinity, strategy, overquery, candidatesMax, trace } = common
  const index = chooseIndex(collection, options)
  const values = checkedVector(options.vector, index.index, 'the query')
  // One literal, so that all plans have one shape: searches look into them all the time.
  return {
    collection,
    index,
    query: values instanceof Float32Array ? values : Float32Array.from(values),
    count,
    filter,
    exact: exact ?? recall === 1,
    ef,
    recall,
    maxDistance,
    budget,
    strategy,
    overquery,
    candidatesMax,
    trace,
  }
}
