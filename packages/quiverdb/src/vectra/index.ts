import '#local-files'

export type { DocumentCatalog, IndexCodec } from './codecs/index-codec.js'
export { detectCodec } from './codecs/detect-codec.js'
export { JsonCodec } from './codecs/json-codec.js'
export { type FormatName, migrateIndex, type MigrateOptions } from './codecs/migrate-index.js'
export { ProtobufCodec } from './codecs/protobuf-codec.js'
export { ItemSelector } from './item-selector.js'
export { LocalIndex, type LocalIndexOptions } from './local-index.js'
export { FileStorageUtilities } from './storage/file-storage-utilities.js'
export type { FileDetails, FilePiece, FileStorage, KeptRange, ListFilesFilter } from './storage/file-storage.js'
export * from './storage/file-types.js'
export { IndexedDBStorage } from './storage/indexed-db-storage.js'
export { LocalFileStorage } from '#local-files'
export { pathUtils } from './storage/path-utils.js'
export { VirtualFileStorage } from './storage/virtual-file-storage.js'
export type {
  CreateIndexConfig,
  IndexData,
  IndexItem,
  IndexStats,
  ItemInput,
  MetadataConfig,
  MetadataFilter,
  MetadataTypes,
  QueryResult,
} from './types.js'
export { VectraError } from './vectra-error.js'

// Documents.
export { GPT3Tokenizer } from './gpt3-tokenizer.js'
export { type TextChunk, TextSplitter, type TextSplitterConfig } from './text-splitter.js'
export type { Tokenizer } from '../text/tokenizer.js'
