import type { Budget } from '../../vector/budget.js'
import type { IndexState } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import type { RowFilter } from './matches.js'

/** A search of one version of a collection. */
export interface SearchPlan {
  readonly collection: CollectionState
  readonly index: IndexState
  readonly query: Float32Array
  /** Rows to find: limit and offset together. */
  readonly count: number
  readonly filter: RowFilter | undefined
  readonly exact: boolean
  readonly ef: number | undefined
  /** Recall to reach, where no effort is given. */
  readonly recall: number | undefined
  readonly maxDistance: number
  readonly budget: Budget
}
