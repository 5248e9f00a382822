/** A value of metadata. */
export type MetadataTypes = number | string | boolean

/** An item of an index: what the caller brings, and the norm of its vector. */
export interface IndexItem<TMetadata = Record<string, MetadataTypes>> {
  id: string
  /** The fields that are kept in the index file: all, or the indexed ones where the index names some. */
  metadata: TMetadata
  vector: number[]
  /** Euclidean length of the vector. */
  norm: number
  /** File beside the index with all metadata, where some of it is not indexed. */
  metadataFile?: string
}

/** What is inserted. A vector may also be a typed array; the id is made where it is absent. */
export type ItemInput<TMetadata = Record<string, MetadataTypes>> = Omit<Partial<IndexItem<TMetadata>>, 'vector'> & {
  vector?: ArrayLike<number>
}

export interface QueryResult<TMetadata = Record<string, MetadataTypes>> {
  item: IndexItem<TMetadata>
  /** Cosine of query and item, -1 to 1; not a number when one of them is zero. */
  score: number
}

export interface MetadataConfig {
  /** Fields that are kept in the index file and can be filtered by. Absent or empty: all. */
  indexed?: string[]
}

export interface CreateIndexConfig {
  version: number
  /** Delete what is in the folder first. Default: false. */
  deleteIfExists?: boolean
  metadata_config?: MetadataConfig
}

export interface IndexStats {
  version: number
  metadata_config: MetadataConfig
  items: number
}

export interface IndexData {
  version: number
  metadata_config: MetadataConfig
  items: IndexItem[]
}

/** A filter on metadata, in Vectra's dialect of MongoDB's operators. */
export interface MetadataFilter {
  $eq?: number | string | boolean
  $ne?: number | string | boolean
  $gt?: number
  $gte?: number
  $lt?: number
  $lte?: number
  $in?: (number | string)[]
  $nin?: (number | string)[]
  $and?: MetadataFilter[]
  $or?: MetadataFilter[]
  [key: string]: unknown
}
