import type { Tokenizer } from '../text/tokenizer.js'
import type { IndexCodec } from './codecs/index-codec.js'
import type { EmbeddingsModel } from './document-types.js'
import type { LocalIndexOptions } from './local-index.js'
import type { FileStorage } from './storage/file-storage.js'
import type { TextSplitterConfig } from './text-splitter.js'
import type { MetadataFilter } from './types.js'

export interface LocalDocumentIndexConfig {
  folderPath: string
  /** Name of the index file. Default: `index` with the codec's extension. */
  indexName?: string
  /** Turns texts into vectors. Without one, documents can be listed and deleted. */
  embeddings?: EmbeddingsModel
  /** Default: that of `chunkingConfig`, else `GPT3Tokenizer`. */
  tokenizer?: Tokenizer
  /** How documents are cut. Default: chunks of 512 tokens, with separators kept. */
  chunkingConfig?: Partial<TextSplitterConfig>
  /** Default: the file system, where there is one. */
  storage?: FileStorage
  /** Default: JSON. */
  codec?: IndexCodec
  /** Further options of the index. */
  options?: LocalIndexOptions
}

export interface DocumentQueryOptions {
  /** Default: 10. */
  maxDocuments?: number
  /** Chunks that documents are found by. Default: 50. */
  maxChunks?: number
  /** On the metadata of chunks, which is that of their document. */
  filter?: MetadataFilter
  /** Look for the words of the query too. Default: false. */
  isBm25?: boolean
}
