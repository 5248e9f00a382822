import type { EmbeddingWork, Ledger } from '../../collection/ledger.js'
import { PendingTexts, type PendingText } from '../../collection/managed/pending-texts.js'
import type { VectorIndex } from '../../collection/version/index-state.js'
import type { CollectionState } from '../../collection/version/state.js'
import { checkedVector, dimensionMismatch } from '../../collection/version/vectors.js'
import { type Embedding, putEmbeddings } from '../../collection/write/embeddings.js'
import { MemoryEmbeddingCache } from '../../embed/cache.js'
import { embedTexts, type EmbedTextsOptions } from '../../embed/embed-texts.js'
import type { Embedder, EmbedderLimits } from '../../embed/embedder.js'
import { QuiverError } from '../../errors.js'
import { whenResident } from '../../segment/part-file.js'
import { isolateTexts } from './isolate-texts.js'

/** What a round takes, whatever the embedder would: so much is in memory, and embedded again after a crash. */
const roundTextsMax = 1_024
const roundTextBytesMax = 4 * 1024 * 1024
const batchTextsUsual = 128
const concurrencyUsual = 4
/** Vectors of one commit, well below what a commit may take. */
const commitBytesMax = 2 * 1024 * 1024
/** Texts that an index may have refused; from then on the embedder is taken for one that fails. */
const refusedMax = 100_000

/** An index with texts that wait, and what embeds them. */
export interface EmbeddingTarget {
  readonly collection: CollectionState
  readonly index: VectorIndex
  readonly embedder: Embedder
}

export interface JobSettings {
  readonly isAutomatic: boolean
  /** The first wait after a failure, and how long the embedder is asked again at once. */
  readonly retryMs: number
  readonly retryMsMax: number
  readonly signal: AbortSignal
}

/** The work for one managed index: rounds of texts that are embedded and written, and what became of them. */
export class EmbeddingJob implements EmbeddingWork {
  readonly refused = new Set<number>()
  failures = 0
  failure: unknown
  /** The version in which nothing was left to do. */
  finished: CollectionState | undefined
  /** By `performance.now()`. */
  notBefore = 0
  readonly #ledger: Ledger
  readonly #settings: JobSettings
  /** While it fails: of texts that were embedded all the same. */
  #cache: MemoryEmbeddingCache | undefined

  constructor(ledger: Ledger, settings: JobSettings) {
    this.#ledger = ledger
    this.#settings = settings
  }

  get isAutomatic(): boolean {
    return this.#settings.isAutomatic
  }

  /** How many texts wait, without those that were refused. */
  async waiting({ collection, index }: EmbeddingTarget): Promise<number> {
    const pending = PendingTexts.of(index)
    await pending.look(collection, this.#ledger.parts)
    const waiting = pending.count(collection) - pending.countAmong(collection, this.refused)
    if (waiting === 0) {
      this.finished = collection
      this.#succeed()
    }
    return waiting
  }

  /** Embeds and writes some of the texts that wait. Returns how many it is done with, 0 where none waits. */
  async round(target: EmbeddingTarget): Promise<number> {
    try {
      const done = await this.#round(target)
      this.#succeed()
      return done
    } catch (error) {
      if (!this.#settings.signal.aborted) this.#fail(error)
      throw error
    }
  }

  async #round({ collection, index, embedder }: EmbeddingTarget): Promise<number> {
    if ((await this.waiting({ collection, index, embedder })) === 0) return 0
    const limit = { texts: roundTexts((await embedder.limits) ?? {}), bytes: roundTextBytesMax }
    const texts = await whenResident(() => PendingTexts.of(index).take(collection, limit, (rid) => !this.refused.has(rid)))
    const embeddings = await this.#embed(index, embedder, texts)
    const perCommit = Math.max(1, Math.floor(commitBytesMax / (index.definition.dimensions * 4)))
    for (let at = 0; at < embeddings.length; at += perCommit) {
      const { signal } = this.#settings
      await this.#ledger.throttle(collection.uuid, signal)
      await putEmbeddings(this.#ledger, collection.uuid, collection.name, index, embeddings.slice(at, at + perCommit), signal)
    }
    return texts.length
  }

  async #embed(index: VectorIndex, embedder: Embedder, texts: readonly PendingText[]): Promise<Embedding[]> {
    const { retryMs, signal } = this.#settings
    const cache = (this.#cache ??= new MemoryEmbeddingCache())
    const embedWith = async (some: readonly string[], options: EmbedTextsOptions): Promise<Float32Array[]> => {
      const made = await embedTexts(embedder, some, { retryMs, signal, ...options })
      if (made[0]!.length === index.definition.dimensions) return made
      throw dimensionMismatch(`the embedder '${embedder.id}'`, made[0]!.length, [index])
    }
    const vectors = await isolateTexts(
      texts.map(({ text }) => text),
      (some) => embedWith(some, { cache }),
      (some) => embedWith(some, {}),
    )
    const embeddings: Embedding[] = []
    texts.forEach(({ id, rid, text }, at) => {
      const vector = vectors[at]
      if (vector && isUsable(vector, index, id)) embeddings.push({ id, text, vector })
      else this.refused.add(rid)
    })
    if (this.refused.size <= refusedMax) return embeddings
    throw new QuiverError('EMBEDDER_FAILED', `The embedder '${embedder.id}' refused more than ${refusedMax} texts.`)
  }

  #succeed(): void {
    this.failures = 0
    this.failure = this.#cache = undefined
  }

  #fail(error: unknown): void {
    const { retryMs, retryMsMax } = this.#settings
    const asked = error instanceof QuiverError ? Number(error.details['retryAfterMs'] ?? 0) : 0
    const waitMs = Math.min(retryMsMax, retryMs * 2 ** Math.min(this.failures, 30))
    this.failures++
    this.failure = error
    this.notBefore = performance.now() + Math.max(waitMs * (0.75 + Math.random() / 4), asked)
  }
}

function roundTexts({ batchTexts = batchTextsUsual, concurrency = concurrencyUsual }: EmbedderLimits): number {
  return Math.min(roundTextsMax, batchTexts * Math.min(concurrency, concurrencyUsual))
}

/** Whether the index can hold the vector: one of zeros has no direction, for instance. */
function isUsable(vector: Float32Array, index: VectorIndex, id: string): boolean {
  try {
    checkedVector(vector, index, `record '${id}'`)
    return true
  } catch {
    return false
  }
}
