import { QuiverError } from '../errors.js'

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
  #operation = 1

  /** Marks a resident as used by the running operation. */
  use(resident: Resident): void {
    resident.lastUsed = this.#operation
    this.#residents.add(resident)
  }

  release(resident: Resident): void {
    resident.free()
    this.#residents.delete(resident)
  }

  /**
   * Runs one synchronous operation, making room and starting it again whenever the pool is full.
   * @throws QuiverError MEMORY_FULL when the operation alone needs more than the pool may hold
   */
  run<R>(operation: () => R): R {
    this.#operation++
    for (;;) {
      try {
        return operation()
      } catch (error) {
        if (!(error instanceof QuiverError) || error.code !== 'MEMORY_FULL' || !this.#evictOldest()) throw error
      }
    }
  }

  #evictOldest(): boolean {
    let oldest: Resident | undefined
    for (const resident of this.#residents) {
      if (resident.lastUsed < this.#operation && (!oldest || resident.lastUsed < oldest.lastUsed)) oldest = resident
    }
    if (!oldest) return false
    this.release(oldest)
    return true
  }
}
