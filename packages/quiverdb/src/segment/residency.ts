import { QuiverError } from '../errors.js'
import { NotResident } from './part-file.js'

/** Something that holds linear memory and can give it back: it is loaded again when it is next used. */
export interface Resident {
  lastUsed: number
  free(): void
}

/**
 * Knows what is resident in the memory pool and lets the least recently used go when the pool is full.
 * What the running operation has used stays: it may hold addresses of it.
 */
export class Residency {
  readonly #residents = new Set<Resident>()
  /** How often each is held. */
  readonly #held = new Map<Resident, number>()
  /** Held ones that were released. */
  readonly #leaving = new Set<Resident>()
  /** Who waits for one to be held no longer. */
  readonly #waiting: (() => void)[] = []
  #operation = 1

  /** Marks a resident as used by the running operation. */
  use(resident: Resident): void {
    resident.lastUsed = this.#operation
    this.#residents.add(resident)
  }

  release(resident: Resident): void {
    if (this.#held.has(resident)) {
      this.#leaving.add(resident)
      return
    }
    resident.free()
    this.#residents.delete(resident)
  }

  /** Keeps a resident where it is while another thread works on it. What is released meanwhile goes when nobody holds it any longer. */
  async hold<R>(resident: Resident, work: () => Promise<R>): Promise<R> {
    this.#held.set(resident, (this.#held.get(resident) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = this.#held.get(resident)! - 1
      if (left > 0) this.#held.set(resident, left)
      else {
        this.#held.delete(resident)
        if (this.#leaving.delete(resident)) this.release(resident)
        for (const resolve of this.#waiting.splice(0)) resolve()
      }
    }
  }

  /**
   * Runs one synchronous operation, making room and starting it again whenever the pool is full.
   * @throws QuiverError MEMORY_FULL when the operation alone needs more than the pool may hold. @throws NotResident when others hold what could go
   */
  run<R>(operation: () => R): R {
    this.#operation++
    for (;;) {
      try {
        return operation()
      } catch (error) {
        if (!(error instanceof QuiverError) || error.code !== 'MEMORY_FULL') throw error
        if (this.#evictOldest()) continue
        if (this.#held.size > 0) throw new NotResident('memory', () => this.#someLeft())
        throw error
      }
    }
  }

  async #someLeft(): Promise<() => void> {
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return () => undefined
  }

  #evictOldest(): boolean {
    let oldest: Resident | undefined
    for (const resident of this.#residents) {
      if (resident.lastUsed < this.#operation && !this.#held.has(resident) && (!oldest || resident.lastUsed < oldest.lastUsed))
        oldest = resident
    }
    if (!oldest) return false
    this.release(oldest)
    return true
  }
}
