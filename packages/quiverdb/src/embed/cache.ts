import type { Embedder, Purpose } from './embedder.js'

/** Keeps vectors by key, so that no text is embedded twice by one model. It may forget any of them at any time. */
export interface EmbeddingCache {
  /** In the order of the keys, undefined for what is not there. */
  get(keys: readonly string[]): Promise<readonly (Float32Array | undefined)[]>
  put(entries: readonly { readonly key: string; readonly vector: Float32Array }[]): Promise<void>
}

const bytesMaxDefault = 64 * 1024 ** 2
/** A key, its entry in a map, and the header of an array, roughly. */
const entryBytes = 300

/**
 * Keeps vectors in memory, those that were used last.
 *
 * @example
 * ```ts
 * const cache = new MemoryEmbeddingCache({ bytesMax: 16 * 1024 ** 2 })
 * await embedTexts(embedder, texts, { cache })
 * ```
 */
export class MemoryEmbeddingCache implements EmbeddingCache {
  readonly #bytesMax: number
  /** The one that was used longest ago is first. */
  readonly #vectors = new Map<string, Float32Array>()
  #bytes = 0

  /** @param options `bytesMax`: default 64 MiB */
  constructor({ bytesMax = bytesMaxDefault }: { bytesMax?: number } = {}) {
    this.#bytesMax = bytesMax
  }

  async get(keys: readonly string[]): Promise<(Float32Array | undefined)[]> {
    return keys.map((key) => {
      const vector = this.#vectors.get(key)
      if (!vector) return undefined
      this.#vectors.delete(key)
      this.#vectors.set(key, vector)
      return vector.slice()
    })
  }

  async put(entries: readonly { readonly key: string; readonly vector: Float32Array }[]): Promise<void> {
    for (const { key, vector } of entries) {
      this.#drop(key)
      this.#vectors.set(key, vector.slice())
      this.#bytes += vector.byteLength + entryBytes
    }
    for (const key of this.#vectors.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.#drop(key)
    }
  }

  #drop(key: string): void {
    const vector = this.#vectors.get(key)
    if (!vector) return
    this.#vectors.delete(key)
    this.#bytes -= vector.byteLength + entryBytes
  }
}

/** What a stored cache needs of a collection: `db.collection('embeddings')` has it. */
export interface VectorRecords {
  getMany(ids: readonly string[]): Promise<readonly ({ readonly [field: string]: unknown } | null)[]>
  upsert(records: readonly { id: string; vector: string }[]): Promise<unknown>
}

/**
 * Keeps vectors in a collection, so that they outlive the process. The collection should hold nothing else, best in a namespace of its own; it only grows,
 * by about 4 KB for a vector of 768 numbers. Drop it to empty the cache.
 *
 * @example
 * ```ts
 * const embeddings = await db.namespace('embeddings')
 * const cache = storedEmbeddingCache(await embeddings.collection('vectors'))
 * ```
 */
export function storedEmbeddingCache(collection: VectorRecords): EmbeddingCache {
  return {
    get: async (keys) => (await collection.getMany(keys)).map((record) => decoded(record?.['vector'])),
    put: async (entries) => {
      if (entries.length > 0) await collection.upsert(entries.map(({ key, vector }) => ({ id: key, vector: encoded(vector) })))
    },
  }
}

/** Under which a vector is kept: SHA-256 over all that it depends on, in hexadecimal. */
export async function cacheKey(embedder: Embedder, purpose: Purpose, text: string): Promise<string> {
  const facts = new TextEncoder().encode(JSON.stringify([embedder.id, embedder.dimensions ?? 0, purpose, text]))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', facts))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Little-endian float32 in base64. */
function encoded(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4))
  vector.forEach((value, at) => bytes.setFloat32(at * 4, value, true))
  let text = ''
  for (let at = 0; at < bytes.byteLength; at++) text += String.fromCharCode(bytes.getUint8(at))
  return btoa(text)
}

/** Undefined for what is no vector: it is embedded anew. */
function decoded(text: unknown): Float32Array | undefined {
  if (typeof text !== 'string' || text.length === 0) return undefined
  let raw: string
  try {
    raw = atob(text)
  } catch {
    return undefined
  }
  if (raw.length % 4 !== 0) return undefined
  const bytes = new DataView(Uint8Array.from(raw, (character) => character.charCodeAt(0)).buffer)
  return Float32Array.from({ length: raw.length / 4 }, (_, at) => bytes.getFloat32(at * 4, true))
}
