import { assert, QuiverError } from '../errors.js'
import { type Containers, corrupt, expectKind, prefixBytes, type ContainerKind, type Directory } from '../format/container.js'
import { SectionPieces } from './section-pieces.js'
import type { ByteRange, ObjectStore } from '../store/object-store.js'

/**
 * Thrown by synchronous code that needs bytes which the store cannot give at once. {@link whenResident} loads them and runs the code again.
 * A store with a synchronous face never causes it.
 */
export class NotResident extends Error {
  /** Loads what is missing. Returns what lets it go again. */
  readonly load: () => Promise<() => void>

  constructor(key: string, load: () => Promise<() => void>) {
    super(`${key} is not resident`)
    this.load = load
  }
}

/** What was loaded for code that is run until nothing is missing. It is kept until then: one run may need many pieces. */
export class LoadedPieces {
  readonly #releases = new Set<() => void>()

  async load(missing: NotResident): Promise<void> {
    this.#releases.add(await missing.load())
  }

  release(): void {
    for (const release of this.#releases) release()
    this.#releases.clear()
  }
}

/** Runs synchronous code to its end, loading what it finds missing. The code must change nothing before it has all it needs. */
export async function whenResident<R>(code: () => R): Promise<R> {
  let pieces: LoadedPieces | undefined
  try {
    for (;;) {
      try {
        return code()
      } catch (error) {
        if (!(error instanceof NotResident)) throw error
        pieces ??= new LoadedPieces()
        await pieces.load(error)
      }
    }
  } finally {
    pieces?.release()
  }
}

/** Runs code that must change nothing before it has all it needs; false when something was missing. */
export function isResident(code: () => void): boolean {
  try {
    code()
    return true
  } catch (error) {
    if (error instanceof NotResident) return false
    throw error
  }
}

/** What a part is read from: a store, or bytes at hand. */
export type PartSource = Pick<ObjectStore, 'get' | 'sync'>

/** One immutable object of the container format, read section by section, each only when it is asked for and verified when read whole. */
export class PartFile {
  readonly key: string
  readonly #store: PartSource
  readonly #containers: Containers
  readonly #kind: ContainerKind
  readonly #sections = new Map<string, Uint8Array>()
  /** Ranges fetched from a store that has no synchronous face, by `start-end`. */
  readonly #ranges = new Map<string, Uint8Array>()
  readonly #release = (): void => this.#ranges.clear()
  #directory: Directory | undefined

  constructor(store: PartSource, containers: Containers, key: string, kind: ContainerKind) {
    this.#store = store
    this.#containers = containers
    this.key = key
    this.#kind = kind
  }

  get meta(): unknown {
    return this.directory().meta
  }

  directory(): Directory {
    if (this.#directory) return this.#directory
    let prefix = this.#read({ start: 0, end: prefixBytes })
    let directory = this.#containers.directory(prefix, this.key)
    if (typeof directory === 'number') {
      prefix = this.#read({ start: 0, end: directory })
      directory = this.#containers.directory(prefix, this.key)
    }
    if (typeof directory === 'number') throw corrupt(this.key, 'it is cut in its directory')
    expectKind(directory, this.#kind, this.key)
    this.#directory = directory
    return directory
  }

  /** Whether every read is answered at once. */
  get isAtHand(): boolean {
    return this.#store.sync !== undefined
  }

  /** Whether single reads cost a call to the system, which a copy in memory saves. */
  get worthKeeping(): boolean {
    return this.#store.sync !== undefined && this.#store.sync.inMemory !== true
  }

  has(name: string): boolean {
    return this.directory().sections.has(name)
  }

  /** A whole section, verified; kept for the next call. */
  section(name: string): Uint8Array {
    const kept = this.#sections.get(name)
    if (kept) return kept
    const bytes = this.readSection(name)
    this.#sections.set(name, bytes)
    return bytes
  }

  /** A whole section, verified; not kept. */
  readSection(name: string): Uint8Array {
    const entry = this.#entry(name)
    const bytes = this.#read({ start: entry.offset, end: entry.offset + entry.length })
    this.#containers.verify(bytes, entry, this.key, name)
    return bytes
  }

  /** Reads a whole section into memory of the caller, e.g. linear memory, and verifies it there. */
  fill(name: string, target: Uint8Array): void {
    const entry = this.#entry(name)
    assert(target.byteLength === entry.length, `section ${name} of ${this.key} has ${target.byteLength} bytes`)
    if (this.#store.sync) {
      if (this.#store.sync.readInto(this.key, entry.offset, target) !== target.byteLength)
        throw corrupt(this.key, `its section ${name} is cut`)
    } else {
      target.set(this.#read({ start: entry.offset, end: entry.offset + entry.length }))
    }
    this.#containers.verify(target, entry, this.key, name)
  }

  /** Reads a piece of a section, unverified: single vectors and documents are read by the thousand. `check` verifies everything. */
  readInto(name: string, start: number, target: Uint8Array): void {
    const at = this.#entry(name).offset + start
    if (this.#store.sync) {
      const read = this.#store.sync.readInto(this.key, at, target)
      if (read < 0) throw missing(this.key)
      if (read !== target.byteLength) throw corrupt(this.key, `its section ${name} is cut`)
      return
    }
    target.set(this.#read({ start: at, end: at + target.byteLength }))
  }

  /** Begins to read a section from its start on. `pieceBytes`: so much at a time, whole blocks of the checksum. */
  pieces(name: string, pieceBytes: number): SectionPieces {
    const verify = this.#containers.verifier(this.#entry(name), this.key, name)
    return new SectionPieces((start, piece) => this.readInto(name, start, piece), verify, pieceBytes)
  }

  /** Drops what was kept of the sections; they are read again when needed. */
  forget(): void {
    this.#sections.clear()
  }

  #entry(name: string): { offset: number; length: number; checksum: string } {
    const entry = this.directory().sections.get(name)
    assert(entry, `object ${this.key} has a section ${name}`)
    return entry
  }

  #read(range: ByteRange): Uint8Array {
    if (this.#store.sync) {
      const bytes = this.#store.sync.get(this.key, range)
      if (!bytes) throw missing(this.key)
      return bytes
    }
    const name = `${range.start}-${range.end}`
    const fetched = this.#ranges.get(name)
    if (fetched) return fetched
    throw new NotResident(this.key, async () => {
      const bytes = await this.#store.get(this.key, range)
      if (!bytes) throw missing(this.key)
      this.#ranges.set(name, bytes)
      return this.#release
    })
  }
}

function missing(key: string): QuiverError {
  return new QuiverError(
    'NOT_FOUND',
    `The stored object ${key} is gone: the version that needs it is older than the retention time.`,
    { details: { key } },
  )
}

/** Bytes that are in memory already, such as the row blocks inside a commit. */
export function bytesSource(bytes: Uint8Array): PartSource {
  const get = (_key: string, range?: ByteRange): Uint8Array => (range ? bytes.subarray(range.start, range.end) : bytes)
  return {
    get: (key, range) => Promise.resolve(get(key, range)),
    sync: {
      inMemory: true,
      exists: () => true,
      get,
      readInto: (_key, start, target) => {
        const piece = bytes.subarray(start, start + target.byteLength)
        target.set(piece)
        return piece.byteLength
      },
    },
  }
}
