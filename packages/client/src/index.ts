export { QuiverClient } from './client.js'
export { Collection } from './collection.js'
export type { ClientOptions } from './connection.js'
export { QuiverClientError } from './error.js'
export { Namespace, type CollectionOptions } from './namespace.js'
export { CollectionReader } from './reader.js'
export type {
  CallOptions,
  CollectionInfo,
  EvaluateOptions,
  Evaluation,
  Fields,
  FieldStatus,
  Filter,
  Hit,
  ImportProgress,
  IndexOptions,
  IndexStatus,
  ManagedStatus,
  ListQuery,
  LogEntry,
  Operation,
  Page,
  ReadOptions,
  RecordInput,
  SearchQuery,
  SearchResult,
  Stored,
  ValueCount,
  Vector,
  Written,
} from './types.js'

export { RushDB, RushDB as default, type RushDBOptions } from './rushdb/rushdb.js'
export { RushDBError } from './rushdb/error.js'
export type { RecordRef, RushRecord } from './rushdb/record.js'
export { Transaction } from './rushdb/transactions.js'
export type {
  ApiResponse,
  EmbeddingIndex,
  ImportOptions,
  IndexParams,
  Property,
  PropertyDraft,
  PropertyValues,
  Relation,
  SchemaItem,
  SearchQuery as RushSearchQuery,
  TransactionRef,
  Untyped,
  VectorEntry,
  VectorSearchParams,
  Where,
} from './rushdb/types.js'
