export type { VectorInput } from './check-input.js'
export { VectorEngineConfig, type VectorEngineOptions } from './config.js'
export type { SearchResult } from './embedding.js'
export type { BatchResult, EmbeddingInput } from './embeddings.js'
export type { VectorEngineResources } from './engine-core.js'
export type { FailureEvent, IndexEvent, SearchEvent, SearchStrategy, WriteEvent } from './engine-events.js'
export { conditionOf } from './condition-of.js'
export { FilterCondition, type FilterTree, type FilterValue } from './filter-condition.js'
export { FilteredSearchConfig, type FilteredSearchOptions, type FilterStrategy } from './filtered-search-config.js'
export type { HNSWAccessStats } from './hnsw/access-stats.js'
export { HNSWBuildOptions, type HNSWStorage } from './hnsw/build-options.js'
export { type ExtendedDistanceMetric, extendedMetricOf } from './hnsw/extended-metric.js'
export { HNSWConfig, type HNSWOptions } from './hnsw/hnsw-config.js'
export { type EmbeddingStorage, type HNSWHit, HNSWIndex, type HNSWMemoryStats } from './hnsw/hnsw-index.js'
export { presetFor } from './hnsw/presets.js'
export { EmbeddingStorageError } from './hnsw/storage-error.js'
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
export { composite, compositePresets } from '../vector/measure/composite.js'
export { geographicVector } from '../vector/measure/geodesic.js'
export type { CompositeWeights, DenseMeasure } from '../vector/measure/measure.js'
export { measures } from '../vector/measure/measures.js'
export { SparseVectorBuilder } from '../vector/sparse/sparse-vector-builder.js'
export { SparseVector } from '../vector/sparse/sparse-vector.js'
export type { DurableVectorEngine } from './durable/durable-vector-engine.js'
export { openDurable } from './durable/open-durable.js'
