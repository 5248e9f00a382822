import type { EmbedCall, Embedder } from '../embed/embedder.js'
import { embedderFailed } from '../embed/failure.js'

/**
 * An embedder whose vectors follow from the text and the model's name, and that fails when it is told to: for tests of those who use one.
 */
export class TestEmbedder implements Embedder {
  readonly id: string
  readonly dimensions?: number
  readonly limits = { batchTexts: 16, concurrency: 2 }
  readonly #size: number
  /** Every text that was embedded to be stored, in the order of the requests. */
  readonly embedded: string[] = []
  /** Requests that arrived, also those that failed. */
  requests = 0
  /** The service is away. */
  isDead = false
  /** The service refuses requests with such a text. */
  refuses: (text: string) => boolean = () => false
  /** Awaited before each answer. */
  gate: () => Promise<void> = async () => undefined

  constructor(id = 'test-1', size = 8, saysDimensions = true) {
    this.id = id
    this.#size = size
    if (saysDimensions) this.dimensions = size
  }

  vectorOf(text: string): Float32Array {
    const vector = new Float32Array(this.#size)
    let hash = 2166136261
    for (const unit of this.id + text) hash = Math.imul(hash ^ unit.codePointAt(0)!, 16777619)
    for (let i = 0; i < vector.length; i++) {
      hash = Math.imul(hash ^ (hash >>> 15), 2246822519) + i
      vector[i] = ((hash >>> 8) & 0xffff) / 0x8000 - 1
    }
    return vector
  }

  async embed(texts: readonly string[], { purpose, signal }: EmbedCall = {}): Promise<Float32Array[]> {
    this.requests++
    await this.gate()
    signal?.throwIfAborted()
    if (this.isDead) throw embedderFailed('The test embedder is away.', { status: 503, retryable: true })
    if (texts.some((text) => this.refuses(text)))
      throw embedderFailed('The test embedder refuses a text.', { status: 400, retryable: false })
    if (purpose !== 'query') this.embedded.push(...texts)
    return texts.map((text) => this.vectorOf(text))
  }
}
