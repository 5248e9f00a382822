import type { Vector } from '../types.js'

export type MaybeArray<T> = T | readonly T[]

/** What every call resolves to. */
export interface ApiResponse<T> {
  readonly data: T
  readonly success: boolean
  /** How many match, beyond the page that was asked for. */
  readonly total?: number
}

/** A transaction, or its id, as the last argument of a call. */
export type TransactionRef = string | { readonly id: string }

export interface Message {
  readonly message: string
}

/** Fields of a record whose type nobody gave: what JSON has. Name yours: `db.records.find<Article>(...)`. */
export type Untyped = { [field: string]: ReturnType<typeof JSON.parse> }

export type PropertyType = 'string' | 'number' | 'boolean' | 'datetime' | 'vector'
export type SimilarityFunction = 'cosine' | 'euclidean'
export type SourceType = 'managed' | 'external'
export type Direction = 'in' | 'out'
export type OrderDirection = 'asc' | 'desc'

/** A vector that is written with a record, into the external index it fits. */
export interface VectorEntry {
  readonly propertyName: string
  readonly vector: Vector
  /** Needed where indexes of the same label, property and dimensions differ in it. */
  readonly similarityFunction?: SimilarityFunction
}

/** A property with its type said, instead of found out. */
export interface PropertyDraft {
  readonly name: string
  readonly type: PropertyType
  readonly value: unknown
  /** Cuts `value`, a text, into several. */
  readonly valueSeparator?: string
}

export interface WriteOptions {
  /** Texts that are dates become `datetime`, numbers and booleans stay what they are. Default: true; else all become texts. */
  readonly suggestTypes?: boolean
  readonly convertNumericValuesToNumbers?: boolean
  readonly skipEmptyValues?: boolean
  readonly castNumberArraysToVectors?: boolean
}

export interface MergeOptions {
  /** Properties that make a record the same. Default: all that are given. */
  readonly mergeBy?: readonly string[]
  /** `append` (default) keeps what is not given, `rewrite` does not. */
  readonly mergeStrategy?: 'append' | 'rewrite'
}

export interface ImportOptions extends WriteOptions, MergeOptions {
  /** Answer with the records, of up to 1,000. Default: false. */
  readonly returnResult?: boolean
  readonly capitalizeLabels?: boolean
  /** The type of relationships between nested records. */
  readonly relationshipType?: string
}

/** Conditions: `{ year: { $gte: 1955 }, AUTHOR: { name: 'Ada' } }`. See RushDB's documentation of `where`. */
export type Where = { readonly [key: string]: unknown }

export interface SearchQuery {
  readonly labels?: readonly string[]
  readonly where?: Where
  readonly select?: { readonly [key: string]: unknown }
  readonly aggregate?: { readonly [key: string]: unknown }
  readonly groupBy?: readonly string[]
  readonly orderBy?: OrderDirection | { readonly [field: string]: OrderDirection }
  readonly skip?: number
  /** 1 to 1,000. Default: 100. */
  readonly limit?: number
}

export interface VectorSearchParams {
  readonly label?: string
  readonly labels?: string | readonly string[]
  readonly propertyName: string
  /** What to look for; either this or `query`. */
  readonly queryVector?: Vector
  /** A text that the server embeds; needs a managed index. */
  readonly query?: string
  readonly similarityFunction?: SimilarityFunction
  readonly sourceType?: SourceType
  readonly dimensions?: number
  readonly where?: Where
  readonly skip?: number
  /** Default: 20. */
  readonly limit?: number
}

export interface IndexParams {
  readonly label: string
  readonly propertyName: string
  /** The same as `sourceType: 'external'`: vectors come from you. */
  readonly external?: boolean
  readonly sourceType?: SourceType
  /** Default: cosine. */
  readonly similarityFunction?: SimilarityFunction
  /** 1 to 4,096. Needed for external indexes. */
  readonly dimensions?: number
}

export interface EmbeddingIndex {
  readonly id: string
  readonly projectId: string
  readonly label: string
  readonly propertyName: string
  readonly modelKey: string
  readonly sourceType: SourceType
  readonly similarityFunction: SimilarityFunction
  readonly dimensions: number
  readonly vectorPropertyName: string
  readonly enabled: boolean
  readonly status: 'pending' | 'indexing' | 'awaiting_vectors' | 'ready' | 'error'
  readonly createdAt: string
  readonly updatedAt: string
}

export interface Relation {
  readonly sourceId: string
  readonly sourceLabel: string
  readonly targetId: string
  readonly targetLabel: string
  readonly type: string
  readonly direction: Direction
  readonly properties: Untyped
}

export interface Property {
  readonly id: string
  readonly name: string
  readonly type: PropertyType
  readonly metadata?: string
  readonly recordsCount?: number
}

export interface PropertyValues {
  readonly values: readonly (string | number | boolean)[]
  readonly min?: string | number
  readonly max?: string | number
  readonly type: PropertyType
}

export interface SchemaItem {
  readonly label: string
  readonly count: number
  readonly properties: readonly (Property & {
    readonly isArray?: boolean
    readonly min?: string | number
    readonly max?: string | number
    readonly values?: readonly unknown[]
    readonly vectorIndexes?: readonly Pick<
      EmbeddingIndex,
      'id' | 'sourceType' | 'similarityFunction' | 'dimensions' | 'status' | 'modelKey'
    >[]
  })[]
  readonly relationships: readonly {
    readonly label: string
    readonly type: string
    readonly direction: Direction
    readonly count: number
  }[]
}

export interface ServerSettings {
  readonly selfHosted: boolean
  readonly embeddingEnabled: boolean
  readonly llmEnabled: boolean
  readonly [setting: string]: unknown
}
