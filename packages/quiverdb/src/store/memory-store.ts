import { QuiverError } from '../errors.js'
import { cutRange, joinChunks } from './bytes.js'
import { checkKey, checkPrefix } from './keys.js'
import type { ByteRange, ObjectStore, StoreCapabilities, SynchronousReads } from './object-store.js'

const objectBytesMax = 2 ** 31

/**
 * The objects behind one or more {@link MemoryStore}s. Two stores over the same objects are to each other what two processes
 * over one folder are.
 */
export class MemoryObjects {
  readonly #bodies = new Map<string, Uint8Array>()
  #sortedKeys: readonly string[] | undefined

  get(key: string): Uint8Array | undefined {
    return this.#bodies.get(key)
  }

  set(key: string, body: Uint8Array): void {
    if (!this.#bodies.has(key)) this.#sortedKeys = undefined
    this.#bodies.set(key, body)
  }

  delete(key: string): void {
    if (this.#bodies.delete(key)) this.#sortedKeys = undefined
  }

  /** All keys in ascending order. A later change makes a new array, so a walk over this one is not disturbed. */
  keys(): readonly string[] {
    return (this.#sortedKeys ??= [...this.#bodies.keys()].sort())
  }
}

/**
 * Objects in this process's memory, gone with it. Bodies are copied on the way in and on the way out.
 *
 * @example
 * ```ts
 * const objects = new MemoryObjects()
 * const one = new MemoryStore(objects)
 * const other = new MemoryStore(objects)   // sees what `one` writes
 * ```
 */
export class MemoryStore implements ObjectStore {
  readonly name = 'memory:'
  readonly capabilities: StoreCapabilities
  readonly sync: SynchronousReads
  readonly #objects: MemoryObjects
  #closed = false

  constructor(objects?: MemoryObjects) {
    this.#objects = objects ?? new MemoryObjects()
    this.capabilities = Object.freeze({ durable: false, shared: objects !== undefined, objectBytesMax })
    this.sync = Object.freeze({
      inMemory: true,
      exists: (key: string) => this.#find(key) !== undefined,
      get: (key: string, range?: ByteRange) => this.#get(key, range),
      readInto: (key: string, start: number, target: Uint8Array) => this.#readInto(key, start, target),
    })
  }

  async putNew(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    if (this.#find(key)) return 'exists'
    this.#objects.set(key, joinChunks(body))
    return 'created'
  }

  async put(key: string, body: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#check(key)
    this.#objects.set(key, joinChunks(body))
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array | null> {
    return this.#get(key, range)
  }

  async *list(prefix: string, options: { after?: string; limit?: number } = {}): AsyncIterable<string> {
    this.#checkOpen()
    checkPrefix(prefix)
    const { after, limit = Infinity } = options
    const keys = this.#objects.keys()
    let listed = 0
    for (
      let i = firstAtLeast(keys, after !== undefined && after > prefix ? after : prefix);
      i < keys.length && listed < limit;
      i++
    ) {
      const key = keys[i] as string
      if (!key.startsWith(prefix)) return
      if (key === after) continue
      listed++
      yield key
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#check(key)
    for (const key of keys) this.#objects.delete(key)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #get(key: string, range?: ByteRange): Uint8Array | null {
    const body = this.#find(key)
    if (!body) return null
    const { start, end } = cutRange(range, body.byteLength)
    return body.slice(start, end)
  }

  #readInto(key: string, start: number, target: Uint8Array): number {
    const body = this.#find(key)
    if (!body) return -1
    const part = body.subarray(start, start + target.byteLength)
    target.set(part)
    return part.byteLength
  }

  #find(key: string): Uint8Array | undefined {
    this.#check(key)
    return this.#objects.get(key)
  }

  #check(key: string): void {
    this.#checkOpen()
    checkKey(key)
  }

  #checkOpen(): void {
    if (this.#closed) throw new QuiverError('CLOSED', 'The store memory: is closed.')
  }
}

/** Index of the first key that is not below `bound`, by bisection. */
function firstAtLeast(keys: readonly string[], bound: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < bound) low = middle + 1
    else high = middle
  }
  return low
}
