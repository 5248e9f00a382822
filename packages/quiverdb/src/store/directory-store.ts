import { QuiverError } from '../errors.js'
import { cutRange } from './bytes.js'
import { DurableFolders, makeFolders } from './directory/durable-folders.js'
import { codeOf, storageError, unknownOutcome } from './directory/failures.js'
import { nodeFileSystem, type FileSystem } from './directory/file-system.js'
import { ObjectCommit } from './directory/object-commit.js'
import {
  objectExists,
  openObject,
  readObject,
  readOpenObject,
  removeEmptyFolder,
  removeObject,
} from './directory/object-files.js'
import { OpenFiles } from './directory/open-files.js'
import { StagedFiles } from './directory/staged-files.js'
import { walkKeys } from './directory/walk.js'
import { checkKey, checkPrefix, folderOf } from './keys.js'
import type { ByteRange, ObjectStore, StoreCapabilities, SynchronousReads } from './object-store.js'

/** Keys with this in their path are overwritten in place, so what is open of them goes stale. */
const mutableKeyPart = '/pin/'
const objectBytesMax = 2 ** 40
const probedMax = 8

export interface DirectoryStoreOptions {
  /** Make the folder, and those above it, when it is absent. Default: true. */
  create?: boolean
  /** Default: the file system of Node. */
  fileSystem?: FileSystem
}

/**
 * A folder: one file for each object. Any number of processes may share it, also over a network file system that keeps
 * `link` or `rename` atomic.
 *
 * An object's bytes are synced before it has its name, its name is synced before `putNew` or `put` resolves, and `exists` is
 * answered only when the existing name is synced too. Calls that wait for the same folder share one sync.
 */
export class DirectoryStore implements ObjectStore {
  readonly name: string
  readonly capabilities: StoreCapabilities = Object.freeze({ durable: true, shared: true, objectBytesMax })
  readonly sync: SynchronousReads
  readonly #fs: FileSystem
  readonly #folders: DurableFolders
  readonly #staged: StagedFiles
  readonly #commit: ObjectCommit
  readonly #openFiles: OpenFiles
  /** Keys whose existence was asked for lately: a reader asks for the same two before every read. */
  readonly #probed = new Map<string, { readonly path: string; readonly isObject: boolean }>()
  #closed = false

  private constructor(path: string, fs: FileSystem) {
    this.name = path
    this.#fs = fs
    this.#folders = new DurableFolders(path, fs)
    this.#staged = new StagedFiles(fs, this.#folders)
    this.#commit = new ObjectCommit(fs, this.#folders, this.#staged)
    this.#openFiles = new OpenFiles(fs)
    this.sync = Object.freeze({
      // Asked before every read whether the log has grown, and mostly answered no: that answer is to be quick.
      exists: (key: string) => this.#existsSync(key),
      get: (key: string, range?: ByteRange) => this.#at(key, () => this.#getSync(key, range)),
      readInto: (key: string, start: number, target: Uint8Array) => this.#readInto(key, start, target),
    })
  }

  /**
   * Opens the folder at `path` and removes unfinished files that dead processes left in it.
   * @throws QuiverError NOT_FOUND: absent, and not to be created. INVALID_ARGUMENT: not a folder. STORAGE_FULL, STORAGE_FAILED.
   */
  static async open(path: string, options: DirectoryStoreOptions = {}): Promise<DirectoryStore> {
    const { create = true, fileSystem = nodeFileSystem } = options
    const root = path.length > 1 ? path.replace(/\/+$/, '') : path
    try {
      if (create) await makeFolders(fileSystem, root)
      const status = fileSystem.statPathSync(root)
      if (!status) throw new QuiverError('NOT_FOUND', `There is no folder ${path}.`, { details: { path } })
      if (!status.isDirectory()) throw new QuiverError('INVALID_ARGUMENT', `${path} is not a folder.`, { details: { path } })
      const store = new DirectoryStore(root, fileSystem)
      await store.#staged.sweep()
      return store
    } catch (error) {
      throw storageError(error, `opening ${path}`)
    }
  }

  async putNew(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    this.#check(key)
    const outcome = await this.#create(key, body)
    try {
      await this.#folders.sync(folderOf(key))
    } catch (error) {
      throw unknownOutcome(error, key)
    }
    return outcome
  }

  async put(key: string, body: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.#check(key)
    try {
      const chunks = body instanceof Uint8Array ? [body] : body
      if (key.includes(mutableKeyPart) || !(await this.#writeFresh(key, chunks))) await this.#writeOver(key, chunks)
      await this.#folders.sync(folderOf(key))
    } catch (error) {
      throw storageError(error, `writing ${key}`)
    }
  }

  async get(key: string, range?: ByteRange): Promise<Uint8Array | null> {
    this.#check(key)
    try {
      return await readObject(this.#fs, this.#folders.pathOf(key), range)
    } catch (error) {
      throw storageError(error, `reading ${key}`)
    }
  }

  async *list(prefix: string, options: { after?: string; limit?: number } = {}): AsyncIterable<string> {
    this.#checkOpen()
    checkPrefix(prefix)
    const { after = '', limit = Infinity } = options
    let listed = 0
    if (limit <= 0) return
    try {
      for await (const key of walkKeys(this.#fs, this.#folders.pathOf(''), prefix, after)) {
        yield key
        if (++listed >= limit) return
      }
    } catch (error) {
      throw storageError(error, `listing ${prefix}`)
    }
  }

  /** Removed names are not synced: after power loss some may be there again. Emptied folders go too. */
  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#check(key)
    for (const key of keys) {
      this.#openFiles.evict(key)
      try {
        await removeObject(this.#fs, this.#folders.pathOf(key))
      } catch (error) {
        throw storageError(error, `deleting ${key}`)
      }
    }
    for (const folder of new Set(keys.map(folderOf))) await this.#removeEmptyFolders(folder)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#openFiles.close()
    await this.#staged.settled()
  }

  async #create(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    try {
      if (objectExists(this.#fs, this.#folders.pathOf(key))) return 'exists'
      const staged = await this.#staged.write([body])
      try {
        return await this.#commit.run(staged, key)
      } finally {
        this.#staged.discard(staged)
      }
    } catch (error) {
      throw storageError(error, `creating ${key}`)
    }
  }

  /**
   * Writes under the final name at once. Nobody looks for a key before a commit names it, and one sync then makes bytes and name durable on
   * most file systems, where a rename would cost a second one. False when the name is taken.
   */
  async #writeFresh(key: string, chunks: readonly Uint8Array[]): Promise<boolean> {
    await this.#folders.ensure(folderOf(key))
    try {
      await this.#staged.writeAt(this.#folders.pathOf(key), chunks)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') this.#folders.forget(folderOf(key))
      else if (codeOf(error) !== 'EEXIST') throw error
      return false
    }
  }

  async #writeOver(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    const staged = await this.#staged.write(chunks)
    try {
      await this.#replace(staged, key)
    } catch (error) {
      this.#staged.discard(staged)
      throw error
    }
  }

  async #replace(staged: string, key: string): Promise<void> {
    const target = this.#folders.pathOf(key)
    await this.#folders.ensure(folderOf(key))
    try {
      await this.#fs.rename(staged, target)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      this.#folders.forget(folderOf(key))
      await this.#folders.ensure(folderOf(key))
      await this.#fs.rename(staged, target)
    }
    this.#openFiles.evict(key)
  }

  async #removeEmptyFolders(folder: string): Promise<void> {
    for (let at = folder; at !== ''; at = folderOf(at)) {
      this.#folders.forget(at)
      if (!(await removeEmptyFolder(this.#fs, this.#folders.pathOf(at)))) return
    }
  }

  #existsSync(key: string): boolean {
    const probed = this.#probed.get(key)
    if (probed && !this.#closed && !this.#fs.existsSync(probed.path)) return false
    // An object is not replaced by a folder of others: once seen, its name is enough.
    if (probed?.isObject && !this.#closed) return true
    return this.#at(key, () => {
      const path = this.#folders.pathOf(key)
      const isObject = this.#fs.existsSync(path) && objectExists(this.#fs, path)
      if (this.#probed.size >= probedMax) this.#probed.clear()
      this.#probed.set(key, { path, isObject })
      return isObject
    })
  }

  #getSync(key: string, range?: ByteRange): Uint8Array | null {
    let kept = this.#openFiles.find(key)
    // Of what is read in part, more parts will be.
    if (!kept && range && !key.includes(mutableKeyPart)) kept = this.#openFiles.open(key, this.#folders.pathOf(key)) ?? undefined
    const file = kept ?? openObject(this.#fs, this.#folders.pathOf(key))
    if (!file) return null
    try {
      const { start, end } = cutRange(range, file.sizeBytes)
      const content = new Uint8Array(end - start)
      const filled = readOpenObject(this.#fs, file.fd, content, start)
      return filled < content.byteLength ? content.slice(0, filled) : content
    } finally {
      if (!kept) this.#fs.closeSync(file.fd)
    }
  }

  /** The hot path of re-ranking: with the descriptor at hand it is one `pread`. */
  #readInto(key: string, start: number, target: Uint8Array): number {
    const kept = this.#openFiles.find(key)
    if (kept) {
      const count = Math.min(target.byteLength, kept.sizeBytes - start)
      if (count <= 0) return 0
      return readOpenObject(this.#fs, kept.fd, count === target.byteLength ? target : target.subarray(0, count), start)
    }
    return this.#at(key, () => {
      const path = this.#folders.pathOf(key)
      if (!key.includes(mutableKeyPart)) return this.#openFiles.open(key, path) ? this.#readInto(key, start, target) : -1
      const file = openObject(this.#fs, path)
      if (!file) return -1
      try {
        return readOpenObject(this.#fs, file.fd, target, start)
      } finally {
        this.#fs.closeSync(file.fd)
      }
    })
  }

  /** Runs a synchronous read of `key`, with our errors for the system's. */
  #at<T>(key: string, read: () => T): T {
    this.#check(key)
    try {
      return read()
    } catch (error) {
      throw storageError(error, `reading ${key}`)
    }
  }

  #check(key: string): void {
    this.#checkOpen()
    checkKey(key)
  }

  #checkOpen(): void {
    if (this.#closed) throw new QuiverError('CLOSED', `The store ${this.name} is closed.`)
  }
}
