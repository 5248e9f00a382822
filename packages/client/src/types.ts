/** Any JSON fields. */
export type Fields = { [key: string]: unknown }

export type Stored<T extends object = Fields> = T & { id: string }

/** The numbers of a vector. A `Float32Array` is sent packed, at a third of the size of a list. */
export type Vector = readonly number[] | Float32Array

/** A record as it is written. Vectors that are a `Float32Array`, in top-level fields or in `$vectors`, are sent packed. */
export type RecordInput<T extends object = Fields> = Omit<T, 'id'> & {
  id?: string
  $vectors?: { [index: string]: Vector | null }
}

/** A filter in the style of MongoDB: `{ year: { $gte: 1955 } }`. */
export type Filter = { readonly [key: string]: unknown }

export interface IndexOptions {
  name?: string
  field: string
  /** May be left out where the source is `managed`. */
  dimensions?: number
  metric?: 'cosine' | 'dot' | 'l2'
  /** `managed`: the server makes the vectors of the texts in the field. */
  source?: 'field' | 'external' | 'managed'
  where?: Filter
  zeroVectors?: 'refuse' | 'keep'
  codes?: 'int8' | 'float32'
  preset?: 'default' | 'highRecall' | 'highSpeed'
  mode?: 'speed' | 'balanced' | 'memory'
}

export interface IndexStatus {
  readonly name: string
  readonly field: string
  readonly source: 'field' | 'external' | 'managed'
  readonly dimensions: number
  readonly metric: 'cosine' | 'dot' | 'l2'
  readonly status: 'ready' | 'building'
  readonly records: number
  readonly unindexed: number
  readonly graphs: readonly number[]
  readonly managed?: ManagedStatus
}

/** How far a managed index is. */
export interface ManagedStatus {
  readonly embedder: string
  readonly status: 'pending' | 'indexing' | 'ready' | 'error'
  /** Records in its scope that have a text. */
  readonly records: number
  readonly embedded: number
  /** Texts that the embedder refused. */
  readonly refused: number
  /** What the embedder failed with last. */
  readonly error?: string
}

export interface FieldStatus {
  readonly path: string
  readonly indexed: number
  readonly unindexed: number
}

export interface CollectionInfo {
  readonly name: string
  readonly records: number
  readonly indexes: readonly IndexStatus[]
  readonly fields: readonly FieldStatus[]
}

export interface CallOptions {
  signal?: AbortSignal
}

export interface ReadOptions extends CallOptions {
  /** Only these fields, as dotted paths. */
  fields?: readonly string[]
  /** Also `$vectors`. */
  vectors?: boolean
}

export interface SearchQuery extends ReadOptions {
  vector?: Vector
  /** Instead of a vector: what to look for in a managed index. */
  text?: string
  field?: string
  index?: string
  where?: Filter
  /** Default: 10. */
  limit?: number
  offset?: number
  maxDistance?: number
  exact?: boolean
  recall?: number
  ef?: number
  strategy?: 'auto' | 'preFilter' | 'postFilter'
  overquery?: number
  maxScanCandidates?: number
  explain?: boolean
  timeoutMs?: number
}

export interface Hit<T extends object = Fields> {
  readonly id: string
  readonly distance: number
  readonly record: Stored<T>
}

export interface SearchResult<T extends object = Fields> {
  readonly hits: readonly Hit<T>[]
  readonly complete: boolean
  readonly version: string
  readonly explanation?: object
}

export interface ListQuery extends ReadOptions {
  where?: Filter
  orderBy?: readonly (string | { readonly field: string; readonly order?: 'asc' | 'desc'; readonly missing?: 'first' | 'last' })[]
  /** Default: 100. */
  limit?: number
  after?: string
}

export interface Page<T extends object = Fields> {
  readonly records: readonly Stored<T>[]
  readonly next?: string
}

export interface ValueCount {
  readonly value: null | boolean | number | string
  readonly count: number
}

export interface EvaluateOptions extends CallOptions {
  field?: string
  index?: string
  vectors?: readonly Vector[]
  sample?: number
  k?: number
  efs?: readonly number[]
}

export interface Evaluation {
  readonly k: number
  readonly queries: number
  readonly efforts: readonly { readonly ef: number; readonly recall: number; readonly milliseconds: number }[]
  readonly targets: readonly { readonly recall: number; readonly efs: readonly number[] }[]
  readonly complete: boolean
}

export interface Written {
  readonly version: string
}

export interface LogEntry {
  readonly version: string
  readonly time: string
  readonly kind: 'write' | 'named'
  readonly message?: string
  readonly records: number
}

/** One write of a transaction; `expect` refuses all with `CONFLICT` unless exactly `count` records match at its place in the list. */
export type Operation =
  | { op: 'upsert'; collection: string; records: readonly RecordInput[] }
  | { op: 'update'; collection: string; id: string; set: Fields }
  | { op: 'update'; collection: string; where: Filter; set: Fields }
  | { op: 'delete'; collection: string; ids: readonly string[] }
  | { op: 'delete'; collection: string; where: Filter }
  | { op: 'setVectors'; collection: string; index: string; items: readonly { id: string; vector: Vector | null }[] }
  | { op: 'expect'; collection: string; where: Filter; count: number }

/** How far an import is: the records of the lines 1 to `line` are stored. */
export interface ImportProgress {
  readonly stored: number
  readonly line: number
  readonly version?: string
}
