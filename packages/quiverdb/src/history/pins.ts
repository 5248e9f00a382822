import type { ObjectStore } from '../store/object-store.js'
import type { BranchKeys } from './keys.js'

/** A process renews its pin this often while it holds one. */
const heartbeatMs = 15_000
/** A pin whose content has not changed for this long, by the observer's own clock, belongs to a process that is gone. */
const deadAfterMs = 60_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The oldest version that this process reads beyond the head, told to collectors in other processes: one small object with the number and a
 * counter that grows. Nobody's clock is compared with anybody else's.
 */
export class Pins {
  readonly #store: ObjectStore
  readonly #keys: BranchKeys
  readonly #key: string
  readonly #held = new Map<number, number>()
  readonly #seen = new Map<string, { text: string; since: number }>()
  #beat = 0
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(store: ObjectStore, keys: BranchKeys, node: string) {
    this.#store = store
    this.#keys = keys
    this.#key = keys.pinPrefix + node
  }

  /** Resolves when collectors everywhere respect the version. Returns what releases it. */
  async hold(seq: number): Promise<() => Promise<void>> {
    this.#held.set(seq, (this.#held.get(seq) ?? 0) + 1)
    await this.#publish()
    let released = false
    return async () => {
      if (released) return
      released = true
      const left = this.#held.get(seq)! - 1
      if (left === 0) this.#held.delete(seq)
      else this.#held.set(seq, left)
      await this.#publish()
    }
  }

  /** The same for this process's own collector only: for what is over soon. */
  holdHere(seq: number): () => void {
    this.#held.set(seq, (this.#held.get(seq) ?? 0) + 1)
    return () => {
      const left = this.#held.get(seq)! - 1
      if (left === 0) this.#held.delete(seq)
      else this.#held.set(seq, left)
    }
  }

  /** The oldest version that any live process holds; Infinity when none does. */
  async oldest(): Promise<number> {
    let oldest = Math.min(Infinity, ...this.#held.keys())
    if (!this.#store.capabilities.shared) return oldest
    const present = new Set<string>()
    for await (const key of this.#store.list(this.#keys.pinPrefix)) {
      present.add(key)
      const bytes = key === this.#key ? null : await this.#store.get(key)
      if (bytes && this.#isLive(key, decoder.decode(bytes)))
        oldest = Math.min(oldest, Number(decoder.decode(bytes).split(' ')[0]))
    }
    for (const key of this.#seen.keys()) if (!present.has(key)) this.#seen.delete(key)
    return oldest
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#held.clear()
    await this.#publish()
    this.#closed = true
  }

  #isLive(key: string, text: string): boolean {
    const known = this.#seen.get(key)
    const now = performance.now()
    if (known?.text !== text) {
      this.#seen.set(key, { text, since: now })
      return true
    }
    return now - known.since < deadAfterMs
  }

  #publish(): Promise<void> {
    // A reader that is closed after its database has nothing left to release.
    if (!this.#store.capabilities.shared || this.#closed) return Promise.resolve()
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    if (this.#held.size === 0) {
      if (this.#beat > 0) await this.#store.delete([this.#key])
      this.#beat = 0
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    await this.#store.put(this.#key, encoder.encode(`${Math.min(...this.#held.keys())} ${++this.#beat}`))
    this.#timer ??= setInterval(() => void this.#publish().catch(() => undefined), heartbeatMs)
    this.#timer.unref?.()
  }
}
