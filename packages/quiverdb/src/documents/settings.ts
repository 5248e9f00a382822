import { nameLengthMax } from '../collection/options.js'
import type { EmbeddingCache } from '../embed/cache.js'
import { builtInEmbedder } from '../embed/built-in.js'
import type { Embedder } from '../embed/embedder.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { chunkTokensDefault } from './options.js'
import { sha256 } from './sha256.js'
import type { DocumentsOptions } from './types.js'

/** How the documents of one collection are treated, with all defaults filled in. */
export interface DocumentsSettings {
  readonly embedder: Embedder
  /** Of the vector index: each embedder has one of its own, since vectors of two cannot be compared. */
  readonly indexName: string
  readonly chunkTokens: number
  readonly overlapTokens: number
  readonly tokenizer: () => Promise<Tokenizer>
  readonly cache?: EmbeddingCache
  readonly concurrency?: number
  readonly retryMs?: number
  readonly index: NonNullable<DocumentsOptions['index']>
  readonly fetch: NonNullable<DocumentsOptions['fetch']>
}

const overlapShare = 1 / 8

export async function settingsOf(options: DocumentsOptions): Promise<DocumentsSettings> {
  const { embedder = builtInEmbedder(), tokenizer, cache, concurrency, retryMs, index = {}, fetch = {} } = options
  const { textTokens = Infinity } = (await embedder.limits) ?? {}
  const chunkTokens = options.chunkTokens ?? Math.min(chunkTokensDefault, textTokens)
  return {
    embedder,
    indexName: await indexNameOf(embedder.id),
    chunkTokens,
    overlapTokens: options.overlapTokens ?? Math.floor(chunkTokens * overlapShare),
    // Its tables are large, and loaded only for those who cut or render texts.
    tokenizer: async () => tokenizer ?? (await import('#document-sources')).defaultTokenizer,
    fetch,
    ...(cache && { cache }),
    ...(concurrency !== undefined && { concurrency }),
    ...(retryMs !== undefined && { retryMs }),
    index,
  }
}

/** The id of the embedder, as far as a name may be long. */
async function indexNameOf(id: string): Promise<string> {
  if (id.length <= nameLengthMax) return id
  const ending = (await sha256(id)).slice(0, 16)
  return `${id.slice(0, nameLengthMax - ending.length - 1)}~${ending}`
}
