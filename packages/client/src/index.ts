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
