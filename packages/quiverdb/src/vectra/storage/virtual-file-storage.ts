import type { ErrorCode } from '../../errors.js'
import { VectraError } from '../vectra-error.js'
import { asBuffer, concatBytes, copyOf, toBytes } from './bytes.js'
import { FileStorageUtilities } from './file-storage-utilities.js'
import type { FileDetails, FilePiece, FileStorage, ListFilesFilter } from './file-storage.js'
import { pathUtils } from './path-utils.js'

interface Entry {
  readonly details: FileDetails
  readonly content?: Uint8Array
}

/**
 * Files in memory. A folder is an entry of its own: making one makes none above it, and deleting it leaves what is in it.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes', undefined, new VirtualFileStorage())
 * ```
 */
export class VirtualFileStorage implements FileStorage {
  /** @internal */
  readonly _entries = new Map<string, Entry>()
  #writes = 0
  readonly #stamps = new WeakMap<Entry, string>()

  async createFile(filePath: string, content: Uint8Array | string): Promise<void> {
    const key = pathUtils.normalize(filePath)
    if (this._entries.has(key)) throw new VectraError('ALREADY_EXISTS', `File already exists: ${key}`)
    this.#write(key, copyOf(toBytes(content)))
  }

  async createFolder(folderPath: string): Promise<void> {
    const key = pathUtils.normalize(folderPath)
    const entry = this._entries.get(key)
    if (entry && !entry.details.isFolder) throw refused(`Cannot create folder: ${key} is a file`)
    if (!entry) this._entries.set(key, { details: { name: pathUtils.basename(key), path: key, isFolder: true } })
  }

  async deleteFile(filePath: string): Promise<void> {
    const key = pathUtils.normalize(filePath)
    if (this._entries.get(key)?.details.isFolder) throw refused(`Cannot delete file: ${key} is a folder`)
    this._entries.delete(key)
  }

  async deleteFolder(folderPath: string): Promise<void> {
    const key = pathUtils.normalize(folderPath)
    const entry = this._entries.get(key)
    if (entry && !entry.details.isFolder) throw refused(`Cannot delete folder: ${key} is a file`)
    this._entries.delete(key)
  }

  async getDetails(fileOrFolderPath: string): Promise<FileDetails> {
    const key = pathUtils.normalize(fileOrFolderPath)
    const entry = this._entries.get(key)
    if (!entry) throw refused(`Path not found: ${key}`, 'NOT_FOUND')
    return { ...entry.details }
  }

  async listFiles(folderPath: string, filter: ListFilesFilter = 'all'): Promise<FileDetails[]> {
    const folder = folderOf(`${pathUtils.normalize(folderPath)}/`)
    return [...this._entries]
      .filter(([key, { details }]) => key !== '' && folderOf(key) === folder && passes(details, filter))
      .map(([, { details }]) => ({ ...details }))
  }

  async pathExists(fileOrFolderPath: string): Promise<boolean> {
    return this._entries.has(pathUtils.normalize(fileOrFolderPath))
  }

  async readFile(filePath: string): Promise<Uint8Array> {
    const key = pathUtils.normalize(filePath)
    const entry = this._entries.get(key)
    if (!entry) throw refused(`File not found: ${key}`, 'NOT_FOUND')
    if (entry.details.isFolder) throw refused(`Cannot read file: ${key} is a folder`)
    return entry.content ? copyOf(entry.content) : asBuffer(new Uint8Array(0))
  }

  async upsertFile(filePath: string, content: Uint8Array | string): Promise<void> {
    const key = pathUtils.normalize(filePath)
    if (this._entries.get(key)?.details.isFolder) throw refused(`Cannot write file: ${key} is a folder`)
    this.#write(key, copyOf(toBytes(content)))
  }

  async replaceFile(filePath: string, pieces: Iterable<FilePiece>, basis?: string): Promise<string | undefined> {
    const key = pathUtils.normalize(filePath)
    const entry = this._entries.get(key)
    if (entry?.details.isFolder) throw refused(`Cannot write file: ${key} is a folder`)
    const before = entry?.content ?? new Uint8Array(0)
    if (basis !== undefined && basis !== (entry && this.#stamps.get(entry))) throw refused(`File was changed: ${key}`, 'CONFLICT')
    const parts = Array.from(pieces, (piece) => (piece instanceof Uint8Array ? piece : before.subarray(piece.start, piece.end)))
    this.#write(key, concatBytes(parts))
    return this.stampOf(filePath)
  }

  async stampOf(filePath: string): Promise<string | undefined> {
    const entry = this._entries.get(pathUtils.normalize(filePath))
    return entry && this.#stamps.get(entry)
  }

  #write(key: string, content: Uint8Array): void {
    const fileType = FileStorageUtilities.getFileType(key)
    const entry = { details: { name: pathUtils.basename(key), path: key, isFolder: false, fileType }, content }
    this._entries.set(key, entry)
    this.#stamps.set(entry, `${++this.#writes}`)
  }
}

/** What is before the last slash. */
const folderOf = (key: string): string => key.slice(0, Math.max(0, key.lastIndexOf('/')))

const passes = ({ isFolder }: FileDetails, filter: ListFilesFilter): boolean =>
  filter === 'all' || isFolder === (filter === 'folders')

const refused = (message: string, code: ErrorCode = 'INVALID_ARGUMENT'): VectraError => new VectraError(code, message)
