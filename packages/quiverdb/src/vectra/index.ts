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
export type { Bm25Engine, Bm25Result } from './bm25-engine.js'
export type {
  DocumentCatalogStats,
  DocumentChunkMetadata,
  DocumentTextSection,
  EmbeddingsModel,
  EmbeddingsResponse,
  EmbeddingsResponseStatus,
  TextFetcher,
} from './document-types.js'
export { FileFetcher, FolderWatcher, WebFetcher } from '#local-only'
export type { FileFetcherConfig } from './file-fetcher.js'
export type { FolderWatcherConfig, FolderWatcherEvents } from './folder-watcher.js'
export { GPT3Tokenizer } from './gpt3-tokenizer.js'
export { LocalDocument } from './local-document.js'
export type { DocumentQueryOptions, LocalDocumentIndexConfig } from './document-index-config.js'
export { LocalDocumentIndex } from './local-document-index.js'
export { LocalDocumentResult } from './local-document-result.js'
export { LocalEmbeddings, type LocalEmbeddingsOptions } from './local-embeddings.js'
export {
  type AzureOpenAIEmbeddingsOptions,
  type BaseOpenAIEmbeddingsOptions,
  OpenAIEmbeddings,
  type OpenAIEmbeddingsOptions,
  type OSSEmbeddingsOptions,
} from './openai-embeddings.js'
export { type TextChunk, TextSplitter, type TextSplitterConfig } from './text-splitter.js'
export type { Tokenizer } from '../text/tokenizer.js'
export { TransformersEmbeddings, type TransformersEmbeddingsOptions } from './transformers-embeddings.js'
export { TransformersTokenizer } from './transformers-tokenizer.js'
export type { WebFetcherConfig } from './web-fetcher.js'
