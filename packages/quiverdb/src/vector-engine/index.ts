export type { VectorInput } from './check-input.js'
export { VectorEngineConfig, type VectorEngineOptions } from './config.js'
export type { SearchResult } from './embedding.js'
export type { BatchResult, EmbeddingInput } from './embeddings.js'
export type { VectorEngineResources } from './engine-core.js'
export type { IndexEvent, SearchEvent, SearchStrategy, WriteEvent } from './engine-events.js'
export type { ExactScan, ParallelScan } from './exact-scan.js'
export { FilterCondition, type FilterTree, type FilterValue } from './filter-condition.js'
export { FilteredSearchConfig, type FilteredSearchOptions, type FilterStrategy } from './filtered-search-config.js'
export { type PagedResult, Pagination } from './pagination.js'
export { VectorEngine } from './vector-engine.js'
export { VectorError, type VectorErrorKind } from './errors.js'
export {
  DEFAULT_COLLECTION,
  Float,
  float,
  int,
  metadataTypeOf,
  PersistentVectorIndex,
  VectorCollectionConfig,
  type DistanceMetric,
  type Metadata,
  type MetadataType,
  type MetadataValue,
  type VectorCollectionOptions,
  type VectorEntry,
} from './types.js'
