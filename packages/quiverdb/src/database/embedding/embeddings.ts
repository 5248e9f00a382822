import type { EmbeddingWork, Ledger } from '../../collection/ledger.js'
import { Embedders } from '../../collection/managed/embedders.js'
import type { Progress } from '../progress.js'
import type { Tuning } from '../tuning.js'
import type { EmbeddingQueue } from './embedding-queue.js'

/** The embedders of a namespace and the queue behind them, which is loaded when the first one is given. */
export class Embeddings {
  readonly embedders = new Embedders(() => this.#begin())
  readonly #ledger: () => Ledger
  readonly #tuning: Tuning
  readonly #isAutomatic: boolean
  readonly #tell: (progress: Progress) => void
  readonly #abort = new AbortController()
  #loading: Promise<EmbeddingQueue> | undefined
  #queue: EmbeddingQueue | undefined

  constructor(ledger: () => Ledger, tuning: Tuning, isAutomatic: boolean, tell: (progress: Progress) => void) {
    this.#ledger = ledger
    this.#tuning = tuning
    this.#isAutomatic = isAutomatic
    this.#tell = tell
  }

  work(index: string): EmbeddingWork {
    return this.#queue?.job(index) ?? { isAutomatic: this.#isAutomatic, refused: new Set(), failures: 0 }
  }

  /** A commit was taken in. */
  wake(): void {
    this.#queue?.wake()
  }

  /** Embeds all that waits. Returns whether there was anything. @throws what an embedder failed with */
  async drain(): Promise<boolean> {
    return (await this.#loading)?.drain() ?? false
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#queue?.stop()
  }

  #begin(): void {
    if (!this.#loading) {
      this.#loading = this.#load()
      // Whoever waits for the queue is told.
      this.#loading.catch(() => undefined)
    }
    this.wake()
  }

  async #load(): Promise<EmbeddingQueue> {
    const { EmbeddingQueue } = await import('./embedding-queue.js')
    const { embedRetryMs: retryMs, embedRetryMsMax: retryMsMax } = this.#tuning
    const settings = { isAutomatic: this.#isAutomatic, retryMs, retryMsMax, signal: this.#abort.signal }
    const queue = new EmbeddingQueue(this.#ledger(), settings, this.#tell)
    this.#queue = queue
    queue.wake()
    return queue
  }
}
