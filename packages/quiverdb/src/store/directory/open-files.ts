import type { FileSystem } from './file-system.js'
import { openObject, type ObjectFile } from './object-files.js'

/** Descriptors kept open: opening costs several reads, and a process may hold 1,024 on a plain Linux. */
export const openFilesMax = 128

/** The least recently used objects' descriptors, so that a re-rank read is one system call. Holds immutable objects only. */
export class OpenFiles {
  readonly #fs: FileSystem
  readonly #files = new Map<string, ObjectFile>()
  #latestKey = ''
  #latest: ObjectFile | undefined

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  /** The cached descriptor, touched; undefined when there is none. */
  find(key: string): ObjectFile | undefined {
    if (key === this.#latestKey) return this.#latest
    const file = this.#files.get(key)
    if (!file) return undefined
    this.#files.delete(key)
    this.#files.set(key, file)
    this.#latestKey = key
    this.#latest = file
    return file
  }

  /** Opens the object at `path` and keeps it under `key`; null when there is none. */
  open(key: string, path: string): ObjectFile | null {
    const file = openObject(this.#fs, path)
    if (!file) return null
    if (this.#files.size >= openFilesMax) this.evict(this.#files.keys().next().value as string)
    this.#files.set(key, file)
    return file
  }

  evict(key: string): void {
    const file = this.#files.get(key)
    if (!file) return
    if (key === this.#latestKey) {
      this.#latestKey = ''
      this.#latest = undefined
    }
    this.#files.delete(key)
    this.#fs.closeSync(file.fd)
  }

  close(): void {
    for (const key of [...this.#files.keys()]) this.evict(key)
  }
}
