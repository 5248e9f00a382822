export { Collection, CollectionVersion, type WriteOptions, type Written } from './collection/collection.js'
export { Transaction, TransactionCollection } from './collection/transaction.js'
export type {
  EvaluateOptions,
  FacetQuery,
  ExplainedPart,
  FieldStatus,
  Fields,
  FilterStrategy,
  GraphPreset,
  Hit,
  IndexOptions,
  IndexSource,
  IndexStatus,
  Json,
  ListQuery,
  ManagedStatus,
  Page,
  ReadOptions,
  RecordInput,
  SearchExplanation,
  SearchQuery,
  SearchResult,
  SearchWay,
  SortBy,
  Stored,
  ValueCount,
  VectorInput,
} from './collection/types.js'
export type {
  Fusion,
  HybridHit,
  HybridQuery,
  HybridSearchResult,
  TextExplanation,
  TextHit,
  TextOptions,
  TextQuery,
  TextSearchResult,
  TextStatus,
} from './collection/text-types.js'
export type { CheckOptions, CheckProblem, CheckReport } from './database/check.js'
export { Database, open, type OpenOptions } from './database/database.js'
export type { MaintainOptions } from './database/maintenance.js'
export type { Progress, Task } from './database/progress.js'
export {
  Namespace,
  type CollectionOptions,
  type DocumentCollection,
  type LogEntry,
  type ManagedIndex,
  type NamespaceStats,
} from './database/namespace.js'
export type { Documents, DocumentsVersion } from './documents/documents.js'
export type {
  ChunkHit,
  DocumentFetchOptions,
  DocumentHit,
  DocumentInfo,
  DocumentInput,
  DocumentOutcome,
  DocumentProgress,
  DocumentSearch,
  DocumentSearchResult,
  DocumentsOptions,
  DocumentsPage,
  DocumentsQuery,
  DocumentsWritten,
  SearchMode,
  Section,
  SectionsOptions,
  StoredDocument,
  UpsertDocumentsOptions,
} from './documents/types.js'
export type { Retention, Tuning } from './database/tuning.js'
export { errorCodes, QuiverError, type ErrorCode } from './errors.js'
export { where, type ConditionBuilder } from './filter/build.js'
export type { BuiltCondition } from './filter/built-condition.js'
export type { Condition } from './filter/condition.js'
export { formatWhere } from './filter/format-where.js'
export { parseWhere } from './filter/where.js'
export type { FieldOperators, Filter, WhereInput, WhereOptions } from './filter/where-types.js'
export type { TextLanguage } from './text/language.js'
export { DirectoryStore } from '#folders'
export { MemoryObjects, MemoryStore } from './store/memory-store.js'
export type { ByteRange, ObjectStore, StoreCapabilities, SynchronousReads } from './store/object-store.js'
export { FlatVectors } from './vector/flat/flat-vectors.js'
export { searchFlat, type FlatSearchOptions, type FlatSearchResult } from './vector/flat/search-flat.js'
export { composite, compositePresets } from './vector/measure/composite.js'
export { geographicVector } from './vector/measure/geodesic.js'
export type { CompositeWeights, DenseMeasure, MeasureName } from './vector/measure/measure.js'
export { measures } from './vector/measure/measures.js'
export type { EvaluationOptions } from './vector/evaluate-index.js'
export type { EvaluatedEffort, Evaluation } from './vector/evaluation.js'
export type { RecallCurve } from './vector/recall-curve.js'
export { HnswIndex } from './vector/hnsw-index.js'
export { MemoryPool } from './vector/memory-pool.js'
export type { Metric } from './vector/metric.js'
export type { SparseMetric } from './vector/sparse/measures.js'
export {
  SparseIndex,
  type SparseIndexStats,
  type SparseSearchOptions,
  type SparseSearchResult,
} from './vector/sparse/sparse-index.js'
export { SparseVectorBuilder } from './vector/sparse/sparse-vector-builder.js'
export { SparseVector } from './vector/sparse/sparse-vector.js'
export { ScanThreads } from './vector/threads/scan-threads.js'
export { SearchThreads, type ThreadedSearchOptions, type ThreadsOptions } from './vector/threads/search-threads.js'
