import type { WhereInput } from 'quiverdb'
import type { Similarity } from './similarity.js'

/** A `where`, read: what one record must fulfil. */
export type WhereNode =
  | { readonly kind: 'test'; readonly filter: WhereInput }
  | { readonly kind: 'group'; readonly op: GroupOperator; readonly nodes: readonly WhereNode[] }
  | { readonly kind: 'related'; readonly block: Block }
  | { readonly kind: 'cycle'; readonly walk: Walk & { readonly hops: Hops } }
  | { readonly kind: 'similar'; readonly similar: Similar }

/** `not` is of all its nodes, `nor` of any. */
export type GroupOperator = 'and' | 'or' | 'not' | 'nor' | 'xor'

/** Which relationships are followed from a record, and how many of them one after the other. */
export interface Walk {
  readonly type?: string
  /** As seen from where the walk begins. Default: both. */
  readonly direction?: 'in' | 'out'
  /** Default: exactly one. */
  readonly hops?: Hops
}

export interface Hops {
  readonly min: number
  readonly max: number
}

/** A related record: there is one at the end of the walk that has the label and fulfils the rest. */
export interface Block {
  readonly label: string
  /** With the `$`. */
  readonly alias?: string
  readonly walk: Walk
  readonly where: WhereNode
}

/** A vector of a property, compared with one that is given. */
export interface Similar {
  readonly property: string
  readonly similarity: Similarity
  readonly query: readonly number[]
  /** All must hold. */
  readonly thresholds: readonly Threshold[]
  /** Under a negation: what has no such vector must match neither way. */
  readonly unknown?: WhereInput
}

export interface Threshold {
  readonly op: '$gt' | '$gte' | '$lt' | '$lte' | '$ne'
  readonly value: number
}
