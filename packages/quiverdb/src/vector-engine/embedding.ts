import type { Metadata } from './types.js'

/** Where a vector lies: in a row of the dense or of the sparse store of its dimension. */
export interface Place {
  readonly dimension: number
  readonly sparse: boolean
  row: number
}

/** A key with what is stored under it. */
export interface Embedding {
  readonly key: string
  metadata: Metadata
  place: Place
}

/** An embedding and its raw measure of a query. */
export interface Scored {
  readonly embedding: Embedding
  readonly raw: number
}

export interface SearchResult {
  readonly key: string
  /** Higher is more similar. */
  readonly score: number
}
