import type { IndexDefinition } from '../../history/commit.js'
import type { DeclaredFields } from '../version/texts.js'
import type { GraphMode } from '../../vector/graph-image.js'

/** How a worker gets at the objects it reads: the folder itself, or copies of the objects of a store that only this thread has. */
export type StoreHandle =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'objects'; readonly objects: readonly (readonly [string, Uint8Array])[] }

/** Rows of one part. */
export interface RowsInput {
  readonly key: string
  readonly base: number
  /** Ascending. */
  readonly slots: Uint32Array
}

/** Builds a graph over vectors of an index, or inserts them into a copy of one. */
export interface BuildJob {
  readonly task: 'build'
  readonly store: StoreHandle
  readonly definition: IndexDefinition
  /** Of the graph that is made. */
  readonly mode: GraphMode
  readonly inputs: readonly RowsInput[]
  /** The graph whose copy takes the vectors, but for its dead nodes; without it a graph is built anew. */
  readonly into?: { readonly key: string; readonly nodes: number; readonly dead: Uint32Array }
  /** Threads that insert; absent or 0: as many as are worth having. */
  readonly threads?: number
}

/** Writes the living rows of several parts into one. */
export interface CompactJob {
  readonly task: 'compact'
  readonly store: StoreHandle
  readonly inputs: readonly RowsInput[]
  /** Fields whose vectors are to have columns, also where an input has them in its fields' text. */
  readonly fields: readonly { readonly columnKey: string; readonly field: string; readonly dimensions: number }[]
  /** Columns that nothing needs any more. */
  readonly dropped: readonly string[]
  /** What the new part is to have field indexes of. */
  readonly indexed: DeclaredFields
}

/** Makes the field indexes of a part. */
export interface FieldsJob {
  readonly task: 'fields'
  readonly store: StoreHandle
  readonly input: { readonly key: string; readonly base: number }
  readonly indexed: DeclaredFields
}

export type Job = BuildJob | CompactJob | FieldsJob

export interface JobResult {
  /** The finished object, to be written as it is. */
  readonly chunks: readonly Uint8Array[]
  /** The field indexes of a new row part, another object. */
  readonly fieldChunks?: readonly Uint8Array[]
  /** Nodes of a graph, rows of a part. */
  readonly count: number
}

export type WorkerMessage =
  /** Only in a browser, where a worker may fail to start. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | ({ readonly kind: 'done' } & JobResult)
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
