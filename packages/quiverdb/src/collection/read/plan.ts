import type { Budget } from '../../vector/budget.js'
import type { IndexState } from '../version/index-state.js'
import type { CollectionState } from '../version/state.js'
import type { FilterStrategy } from '../types.js'
import type { RowFilter } from './matches.js'
import type { SearchTrace } from './trace.js'

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
  /** How the filter is to be applied. Default: `auto`. */
  readonly strategy?: FilterStrategy | undefined
  /** Candidates of a walk for each row that is wanted, at least. */
  readonly overquery?: number | undefined
  /** Candidates that a filtered search may look at. */
  readonly candidatesMax?: number | undefined
  /** Told of what was done, where someone asked. */
  readonly trace?: SearchTrace | undefined
}
