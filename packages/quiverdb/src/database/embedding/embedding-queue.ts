import type { Ledger } from '../../collection/ledger.js'
import type { CollectionState } from '../../collection/version/state.js'
import { QuiverError } from '../../errors.js'
import { nextTurn } from '../next-turn.js'
import type { Progress } from '../progress.js'
import { EmbeddingJob, type EmbeddingTarget, type JobSettings } from './embedding-job.js'

/** How often the queue looks for texts that other processes wrote, while nothing else makes it look. */
const pollMs = 2_000
/** Between two reports of progress. */
const progressMs = 100

/**
 * Makes the vectors of managed indexes. What waits is no list that could be lost: it is the records with a text and without a vector, in the newest version. So
 * the queue goes on where it was after a crash, and several processes may work on one index: a vector is written only where it is still missing.
 */
export class EmbeddingQueue {
  readonly #ledger: Ledger
  readonly #settings: JobSettings
  readonly #tell: (progress: Progress) => void
  /** By the uuid of the index. */
  readonly #jobs = new Map<string, EmbeddingJob>()
  #lane: Promise<unknown> | undefined
  #isCalled = false
  #timer: NodeJS.Timeout | undefined

  constructor(ledger: Ledger, settings: JobSettings, tell: (progress: Progress) => void) {
    this.#ledger = ledger
    this.#settings = settings
    this.#tell = tell
  }

  job(index: string): EmbeddingJob | undefined {
    return this.#jobs.get(index)
  }

  /** Something may wait. */
  wake(): void {
    this.#isCalled = true
    if (this.#settings.isAutomatic && !this.#isStopped) this.#lane ??= this.#work().finally(() => (this.#lane = undefined))
  }

  /**
   * Embeds all that waits, also what failed a moment ago. Returns whether there was anything.
   * @throws what an embedder or the store failed with; what other embedders could do is done
   */
  async drain(): Promise<boolean> {
    while (this.#lane) await this.#lane
    const pass = this.#pass(true)
    this.#lane = pass
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#lane = undefined
        if (this.#isCalled) this.wake()
      })
    const { done, failures } = await pass
    if (failures.length > 0) throw failures[0]
    return done > 0
  }

  /** Resolves when nothing is on its way; the signal of the settings has fired. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#lane
  }

  get #isStopped(): boolean {
    return this.#settings.signal.aborted
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer)
    // The commit that woke us has callers to answer first.
    await nextTurn()
    while (this.#isCalled && !this.#isStopped) {
      this.#isCalled = false
      await this.#pass(false).catch(() => undefined)
    }
    if (this.#isStopped) return
    this.#timer = setTimeout(() => this.wake(), this.#nextLookMs())
    this.#timer.unref?.()
  }

  #nextLookMs(): number {
    const now = performance.now()
    const waits = [...this.#jobs.values()].filter(({ failures }) => failures > 0).map(({ notBefore }) => notBefore - now)
    return Math.max(1, Math.min(pollMs, ...waits))
  }

  /** Goes over all indexes, those of one embedder one after the other. @param isEager also those that are to wait after a failure */
  async #pass(isEager: boolean): Promise<{ done: number; failures: unknown[] }> {
    const byEmbedder = new Map<unknown, EmbeddingTarget[]>()
    for (const target of await this.#targets()) {
      byEmbedder.set(target.embedder, [...(byEmbedder.get(target.embedder) ?? []), target])
    }
    let done = 0
    const failures: unknown[] = []
    const embed = async (targets: readonly EmbeddingTarget[]): Promise<void> => {
      for (const target of targets) {
        try {
          done += await this.#embed(target, isEager)
        } catch (error) {
          failures.push(error)
        }
      }
    }
    await Promise.all([...byEmbedder.values()].map(embed))
    return { done, failures }
  }

  async #targets(): Promise<EmbeddingTarget[]> {
    const state = await this.#ledger.current()
    const living = new Set<string>()
    const targets: EmbeddingTarget[] = []
    for (const uuid of this.#ledger.embedders.collections) {
      const collection = state.collections.get(uuid)
      for (const { index } of collection?.indexes ?? []) {
        const embedder = this.#ledger.embedders.of(uuid, index)
        living.add(index.definition.uuid)
        if (collection && embedder) targets.push({ collection, index, embedder })
      }
    }
    for (const index of this.#jobs.keys()) if (!living.has(index)) this.#jobs.delete(index)
    return targets
  }

  /** Embeds what waits for one index, round by round. Returns how many texts there were. */
  async #embed(target: EmbeddingTarget, isEager: boolean): Promise<number> {
    const { uuid } = target.index.definition
    const job = this.#jobs.get(uuid) ?? new EmbeddingJob(this.#ledger, this.#settings)
    this.#jobs.set(uuid, job)
    if (job.finished === target.collection || (!isEager && performance.now() < job.notBefore)) return 0
    const total = await job.waiting(target)
    if (total === 0) return 0
    const tell = this.#teller(target.collection.name)
    let done = 0
    tell(0, total, true)
    for (let now: CollectionState | undefined = target.collection; now; now = await this.#still(target)) {
      if (this.#isStopped) throw new QuiverError('ABORTED', 'Embedding was stopped.')
      const more = await job.round({ ...target, collection: now })
      if (more === 0) break
      done += more
      tell(done, Math.max(done, total), false)
    }
    tell(done, done, true)
    return done
  }

  /** The collection as it is now; undefined where it has the index no longer. */
  async #still({ collection: { uuid }, index }: EmbeddingTarget): Promise<CollectionState | undefined> {
    const now = (await this.#ledger.current()).collections.get(uuid)
    return now?.indexes.some((state) => state.index.definition.uuid === index.definition.uuid) ? now : undefined
  }

  #teller(collection: string): (done: number, total: number, isDue: boolean) => void {
    let last = 0
    return (done, total, isDue) => {
      const now = performance.now()
      if (!isDue && now - last < progressMs) return
      last = now
      this.#tell({ task: 'embed', collection, done, total })
    }
  }
}
