import { VectraError } from '../vectra-error.js'
import { asBuffer, concatBytes, toBytes } from './bytes.js'
import { FileStorageUtilities } from './file-storage-utilities.js'
import type { FileDetails, FilePiece, FileStorage, ListFilesFilter } from './file-storage.js'
import {
  below,
  type Database,
  deleteDatabase,
  failed,
  inTransaction,
  type ObjectStore,
  openDatabase,
  resultOf,
} from './indexed-db.js'
import { pathUtils } from './path-utils.js'

/** Of Vectra's databases, whose stores these are. */
const databaseVersion = 1
const storeNames = ['files', 'folders'] as const

type Stores = Record<(typeof storeNames)[number], ObjectStore>

interface FileRecord {
  readonly path: string
  readonly parentPath: string
  readonly content: ArrayBuffer
  readonly createdAt: number
  readonly updatedAt: number
}

const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {}

interface Locks {
  request<T>(name: string, action: () => Promise<T>): Promise<T>
}

/**
 * Files in the IndexedDB of a browser. They are there when the page is loaded again, in every tab of its origin, until the user deletes the
 * site's data. Every change happens as a whole or not at all, and has been given to the disk when its promise resolves.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes', undefined, new IndexedDBStorage('my-app'))
 * if (!(await index.isIndexCreated())) await index.createIndex()
 * ```
 */
export class IndexedDBStorage implements FileStorage {
  readonly #name: string
  #database: Promise<Database> | undefined

  /** @param dbName Name of the database. Default: `vectra-db`. */
  constructor(dbName = 'vectra-db') {
    this.#name = dbName
  }

  /** @throws VectraError ALREADY_EXISTS, STORAGE_FAILED, STORAGE_FULL */
  async createFile(filePath: string, content: Uint8Array | string): Promise<void> {
    const key = keyOf(filePath)
    await this.#change('write file', async (stores) => {
      if ((await resultOf(stores.files.getKey(key))) !== undefined)
        throw new VectraError('ALREADY_EXISTS', `File already exists: ${key}`)
      await putFile(stores, key, toBytes(content))
    })
  }

  /** @throws VectraError STORAGE_FAILED, STORAGE_FULL */
  async createFolder(folderPath: string): Promise<void> {
    await this.#change('create folder', (stores) => putFolders(stores, keyOf(folderPath)))
  }

  /** Does nothing where there is no file. @throws VectraError STORAGE_FAILED */
  async deleteFile(filePath: string): Promise<void> {
    const key = keyOf(filePath)
    await this.#change('delete file', async ({ files, folders }) => {
      await resultOf(files.delete(key))
      await resultOf(folders.delete(stampKey(key)))
    })
  }

  /** Does nothing where there is no folder. @throws VectraError STORAGE_FAILED */
  async deleteFolder(folderPath: string): Promise<void> {
    const key = keyOf(folderPath)
    await this.#change('delete folder', async ({ files, folders }) => {
      if (key !== '') await resultOf(folders.delete(key))
      for (const store of [files, folders]) await resultOf(key === '' ? store.clear() : store.delete(below(key)))
    })
  }

  /** @throws VectraError NOT_FOUND, STORAGE_FAILED */
  async getDetails(fileOrFolderPath: string): Promise<FileDetails> {
    const key = keyOf(fileOrFolderPath)
    const kind = await this.#kindOf(key)
    if (!kind) throw new VectraError('NOT_FOUND', `Path not found: ${key}`)
    return detailsOf(key, kind === 'folder')
  }

  /** @throws VectraError STORAGE_FAILED */
  async listFiles(folderPath: string, filter: ListFilesFilter = 'all'): Promise<FileDetails[]> {
    const key = keyOf(folderPath)
    const [files, folders] = await this.#read(`list ${key}`, async (stores) => [
      filter === 'folders' ? [] : await resultOf(stores.files.index('parentPath').getAllKeys(key || '.')),
      filter === 'files' ? [] : await resultOf(stores.folders.index('parentPath').getAllKeys(key)),
    ])
    return [...folders.map((path) => detailsOf(path, true)), ...files.map((path) => detailsOf(path, false))]
  }

  /** @throws VectraError STORAGE_FAILED */
  async pathExists(fileOrFolderPath: string): Promise<boolean> {
    return (await this.#kindOf(keyOf(fileOrFolderPath))) !== undefined
  }

  /** @throws VectraError NOT_FOUND, STORAGE_FAILED */
  async readFile(filePath: string): Promise<Uint8Array> {
    const key = keyOf(filePath)
    const record = await this.#read('read file', ({ files }) => fileAt(files, key))
    if (!record) throw new VectraError('NOT_FOUND', `File not found: ${key}`)
    return asBuffer(new Uint8Array(record.content))
  }

  /** @throws VectraError STORAGE_FAILED, STORAGE_FULL */
  async upsertFile(filePath: string, content: Uint8Array | string): Promise<void> {
    await this.#change('write file', (stores) => putFile(stores, keyOf(filePath), toBytes(content)))
  }

  /** @throws VectraError STORAGE_FAILED, STORAGE_FULL */
  replaceFile(filePath: string, pieces: Iterable<FilePiece>): Promise<string> {
    const key = keyOf(filePath)
    return this.#change('write file', async (stores) => {
      const parts = [...pieces]
      const isKept = parts.some((piece) => !(piece instanceof Uint8Array))
      const before = isKept ? new Uint8Array((await fileAt(stores.files, key))?.content ?? new ArrayBuffer(0)) : undefined
      const bytes = parts.map((piece) => (piece instanceof Uint8Array ? piece : before!.subarray(piece.start, piece.end)))
      return putFile(stores, key, concatBytes(bytes))
    })
  }

  /** What Vectra itself has written has no stamp of its own: it is the same text each time. @throws VectraError STORAGE_FAILED */
  stampOf(filePath: string): Promise<string | undefined> {
    const key = keyOf(filePath)
    return this.#read('read file', async ({ files, folders }) => {
      if ((await resultOf(files.getKey(key))) === undefined) return undefined
      const record = (await resultOf(folders.get(stampKey(key)))) as { readonly stamp: string } | undefined
      return record?.stamp ?? 'unstamped'
    })
  }

  /** Keeps other tabs apart too, where the page is served securely or from this machine: https://www.w3.org/TR/web-locks/ */
  withLock<T>(filePath: string, action: () => Promise<T>): Promise<T> {
    return locks ? locks.request(`${this.#name}/${keyOf(filePath)}`, action) : action()
  }

  /** Closes the database, which is opened again when it is used again. */
  async close(): Promise<void> {
    const database = await this.#database?.catch(() => undefined)
    this.#database = undefined
    database?.close()
  }

  /** Deletes the database with all files. @throws VectraError STORAGE_FAILED */
  async destroy(): Promise<void> {
    await this.close()
    await deleteDatabase(this.#name)
  }

  #kindOf(key: string): Promise<'file' | 'folder' | undefined> {
    return this.#read(`look for ${key}`, async ({ files, folders }) => {
      if (key === '') return 'folder'
      if ((await resultOf(files.getKey(key))) !== undefined) return 'file'
      return (await resultOf(folders.getKey(key))) === undefined ? undefined : 'folder'
    })
  }

  #read<T>(what: string, action: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#run(what, 'readonly', action)
  }

  #change<T>(what: string, action: (stores: Stores) => Promise<T>): Promise<T> {
    return this.#run(what, 'readwrite', action)
  }

  async #run<T>(what: string, mode: 'readonly' | 'readwrite', action: (stores: Stores) => Promise<T>): Promise<T> {
    const database = await (this.#database ??= this.#open())
    try {
      return await inTransaction(database, storeNames, mode, action)
    } catch (error) {
      throw failed(what, error)
    }
  }

  async #open(): Promise<Database> {
    try {
      const database = await openDatabase(this.#name, databaseVersion, makeStores)
      const forget = (): void => void (this.#database = undefined)
      // Another tab deletes the database, or the browser has closed it.
      database.onversionchange = () => {
        forget()
        database.close()
      }
      database.onclose = forget
      return database
    } catch (error) {
      this.#database = undefined
      throw error
    }
  }
}

function makeStores(database: Database): void {
  for (const name of storeNames) {
    if (database.objectStoreNames.contains(name)) continue
    database.createObjectStore(name, { keyPath: 'path' }).createIndex('parentPath', 'parentPath')
  }
}

/** A path as a key; empty for the root. */
function keyOf(path: string): string {
  const key = pathUtils.normalize(path)
  return key === '/' ? '' : key
}

/** Where a file's stamp is: beside the folders, in a record that Vectra does not look at and that goes with the folder. */
const stampKey = (key: string): string => `${key}\u0000`

const fileAt = (files: ObjectStore, key: string): Promise<FileRecord | undefined> =>
  resultOf(files.get(key)) as Promise<FileRecord | undefined>

async function putFile({ files, folders }: Stores, key: string, bytes: Uint8Array): Promise<string> {
  if (key === '' || (await resultOf(folders.getKey(key))) !== undefined) throw refused('write file', key, 'folder')
  const parentPath = pathUtils.dirname(key)
  await putFolders({ files, folders }, keyOf(parentPath))
  const now = Date.now()
  const content = new Uint8Array(bytes).buffer
  await resultOf(files.put({ path: key, parentPath, content, createdAt: now, updatedAt: now } satisfies FileRecord))
  const stamp = `${now} ${Math.random()}`
  await resultOf(folders.put({ path: stampKey(key), stamp }))
  return stamp
}

/** Makes a folder and those above it, where they are missing. */
async function putFolders({ files, folders }: Stores, folder: string): Promise<void> {
  for (let key = folder; key !== '' && (await resultOf(folders.getKey(key))) === undefined;) {
    if ((await resultOf(files.getKey(key))) !== undefined) throw refused('create folder', key, 'file')
    const parentPath = keyOf(pathUtils.dirname(key))
    await resultOf(folders.put({ path: key, parentPath, createdAt: Date.now() }))
    key = parentPath
  }
}

const refused = (what: string, key: string, is: 'file' | 'folder'): VectraError =>
  new VectraError('INVALID_ARGUMENT', `Failed to ${what}: ${key || '/'} is a ${is}`)

function detailsOf(key: string, isFolder: boolean): FileDetails {
  const details = { name: pathUtils.basename(key), path: key, isFolder }
  return isFolder ? details : { ...details, fileType: FileStorageUtilities.getFileType(key) }
}
