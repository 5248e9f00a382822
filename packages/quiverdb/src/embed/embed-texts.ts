import { QuiverError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import { batchesOf } from './batches.js'
import { cacheKey, type EmbeddingCache } from './cache.js'
import { checkVectors } from './check-vectors.js'
import type { Embedder, Purpose } from './embedder.js'
import { embedderFailed, quoted } from './failure.js'
import { withRetries } from './retry.js'

export interface EmbedTextsOptions {
  /** Default: `document`. */
  purpose?: Purpose
  /** Where vectors are looked for first, and kept as they come: after a failure only what is missing is asked for again. Default: none. */
  cache?: EmbeddingCache
  /** Requests at the same time, 1 to 64; the embedder may allow fewer. Default: what the embedder allows, at most 4. */
  concurrency?: number
  /** How long failures that pass (rate limits, overload, a network that is away) are tried again, in milliseconds. 0: never. Default: 60,000. */
  retryMs?: number
  signal?: AbortSignal
  /** Called after each request with the number of texts that have their vectors; the last call has `done === total`. What it throws ends the work. */
  onProgress?: (done: number, total: number) => void
}

/** Documented limits (`docs/LIMITS.md`). */
export const embedConcurrencyMax = 64
const concurrencyDefault = 4
const retryMsDefault = 60_000

/**
 * Embeds texts: cuts them into requests that the embedder takes, runs some side by side, tries again what fails for a while, and checks every vector. Equal texts are
 * embedded once.
 *
 * @example
 * ```ts
 * const vectors = await embedTexts(builtInEmbedder(), ['first text', 'second text'])
 * console.log(vectors.length) // 2
 * ```
 * @returns one vector per text, all of one length
 * @throws QuiverError EMBEDDER_FAILED, INVALID_EMBEDDING, INVALID_ARGUMENT, ABORTED
 */
export async function embedTexts(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedTextsOptions = {},
): Promise<Float32Array[]> {
  check(embedder, texts, options)
  throwIfAborted(options.signal)
  const distinct = [...new Set(texts)]
  const work = new Embedding(embedder, distinct, options)
  await work.run()
  const found = new Map(distinct.map((text, at) => [text, work.vectors[at]!]))
  return texts.map((text) => found.get(text)!)
}

/** The vectors of some texts, on their way. */
class Embedding {
  readonly #embedder: Embedder
  readonly #texts: readonly string[]
  readonly #options: EmbedTextsOptions
  readonly #purpose: Purpose
  readonly vectors: Float32Array[]
  #dimensions: number | undefined
  #keys: string[] = []
  #done = 0

  constructor(embedder: Embedder, texts: readonly string[], options: EmbedTextsOptions) {
    this.#embedder = embedder
    this.#texts = texts
    this.#options = options
    this.#purpose = options.purpose ?? 'document'
    this.#dimensions = embedder.dimensions
    this.vectors = new Array<Float32Array>(texts.length)
  }

  async run(): Promise<void> {
    const missing = await this.#takeCached()
    const limits = (await this.#embedder.limits) ?? {}
    const wanted = missing.map((at) => this.#texts[at]!)
    const batches = [...batchesOf(wanted, limits)].map(({ start, end }) => missing.slice(start, end))
    const side = Math.min(this.#options.concurrency ?? concurrencyDefault, limits.concurrency ?? Infinity, batches.length)
    await this.#inParallel(batches, side)
  }

  /** The first failure stops the rest; when this ends, nothing goes on. */
  async #inParallel(batches: number[][], side: number): Promise<void> {
    const stop = new AbortController()
    const { signal } = this.#options
    const follow = (): void => stop.abort(signal?.reason)
    signal?.addEventListener('abort', follow, { once: true })
    if (signal?.aborted) follow()
    const failures: unknown[] = []
    const worker = async (): Promise<void> => {
      try {
        for (let batch = batches.shift(); batch && !stop.signal.aborted; batch = batches.shift())
          await this.#embed(batch, stop.signal)
      } catch (error) {
        failures.push(error)
        stop.abort(error)
      }
    }
    await Promise.all(Array.from({ length: side }, worker))
    signal?.removeEventListener('abort', follow)
    throwIfAborted(signal)
    if (failures.length > 0) throw failures[0]
  }

  async #takeCached(): Promise<number[]> {
    const all = this.#texts.map((_, at) => at)
    const { cache } = this.#options
    if (!cache || all.length === 0) return all
    this.#keys = await Promise.all(this.#texts.map((text) => cacheKey(this.#embedder, this.#purpose, text)))
    const cached = await cache.get(this.#keys)
    const missing = all.filter((at) => !this.#accept(at, cached[at]))
    if (this.#done > 0) this.#options.onProgress?.(this.#done, this.#texts.length)
    return missing
  }

  /** A cache is not believed more than an embedder. */
  #accept(at: number, vector: Float32Array | undefined): boolean {
    if (!vector || vector.length === 0 || !vector.every(Number.isFinite)) return false
    if (vector.length !== (this.#dimensions ??= vector.length)) return false
    this.vectors[at] = vector
    this.#done++
    return true
  }

  async #embed(batch: readonly number[], signal: AbortSignal): Promise<void> {
    const texts = batch.map((at) => this.#texts[at]!)
    const made = await withRetries(() => this.#call(texts, signal), { retryMs: this.#options.retryMs ?? retryMsDefault, signal })
    this.#dimensions = checkVectors(this.#embedder.id, made, batch.length, this.#dimensions)
    batch.forEach((at, i) => (this.vectors[at] = made[i]!))
    await this.#options.cache?.put(batch.map((at, i) => ({ key: this.#keys[at]!, vector: made[i]! })))
    this.#done += batch.length
    this.#options.onProgress?.(this.#done, this.#texts.length)
  }

  async #call(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    try {
      return await this.#embedder.embed(texts, { purpose: this.#purpose, signal })
    } catch (error) {
      if (error instanceof QuiverError) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw embedderFailed(`The embedder '${this.#embedder.id}' failed: ${quoted(message)}.`, { retryable: false, cause: error })
    }
  }
}

function check(embedder: Embedder, texts: readonly string[], { concurrency, retryMs }: EmbedTextsOptions): void {
  const refuse = (path: string, message: string): never => {
    throw new QuiverError('INVALID_ARGUMENT', message, { details: { path } })
  }
  if (typeof embedder?.embed !== 'function' || typeof embedder.id !== 'string' || embedder.id === '')
    refuse('embedder', 'An embedder has an `id` and a function `embed`.')
  if (!Array.isArray(texts)) refuse('texts', 'Texts are a list of strings.')
  const bad = texts.findIndex((text) => typeof text !== 'string')
  if (bad >= 0) refuse(`texts.${bad}`, `Text ${bad} is no string.`)
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= embedConcurrencyMax))
    refuse('concurrency', `The option 'concurrency' must be an integer from 1 to ${embedConcurrencyMax}.`)
  if (retryMs !== undefined && !(retryMs >= 0))
    refuse('retryMs', "The option 'retryMs' must be a number of milliseconds, 0 or more.")
}
