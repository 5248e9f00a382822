import { VectraError } from '../vectra-error.js'

/** The parts of IndexedDB that are used here: https://www.w3.org/TR/IndexedDB/ */
export interface Database {
  readonly objectStoreNames: { contains(name: string): boolean }
  onversionchange: (() => void) | null
  onclose: (() => void) | null
  createObjectStore(name: string, options: { keyPath: string }): { createIndex(name: string, keyPath: string): unknown }
  transaction(names: readonly string[], mode: Mode, options?: { durability: 'strict' }): Transaction
  close(): void
}

export interface ObjectStore {
  get(key: string): Request<unknown>
  getKey(key: string): Request<string | undefined>
  put(value: object): Request<unknown>
  delete(key: string | KeyRange): Request<undefined>
  clear(): Request<undefined>
  index(name: string): { getAllKeys(key: string): Request<string[]> }
}

interface Request<T> {
  readonly result: T
  readonly error: Error | null
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null
}

interface Transaction {
  readonly error: Error | null
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  objectStore(name: string): ObjectStore
  abort(): void
}

type Mode = 'readonly' | 'readwrite'
type KeyRange = object

interface Browser {
  readonly indexedDB?: {
    open(name: string, version: number): OpenRequest
    deleteDatabase(name: string): Request<undefined>
  }
  readonly IDBKeyRange?: { bound(from: string, to: string, fromOpen: boolean, toOpen: boolean): KeyRange }
}

const browser = globalThis as unknown as Browser

/** All keys that begin with a folder's path and a slash: `0` is what follows `/`. */
export const below = (folder: string): KeyRange => browser.IDBKeyRange!.bound(`${folder}/`, `${folder}0`, false, true)

export function resultOf<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('unknown'))
  })
}

/** Opens a database, making its stores where there are none. @throws VectraError STORAGE_FAILED */
export async function openDatabase(name: string, version: number, upgrade: (database: Database) => void): Promise<Database> {
  try {
    if (!browser.indexedDB) throw failed('open IndexedDB', 'there is none here')
    const request = browser.indexedDB.open(name, version)
    request.onupgradeneeded = () => upgrade(request.result)
    return await resultOf(request)
  } catch (error) {
    throw failed('open IndexedDB', error)
  }
}

/** Deletes a database when all have closed it. @throws VectraError STORAGE_FAILED */
export async function deleteDatabase(name: string): Promise<void> {
  try {
    if (browser.indexedDB) await resultOf(browser.indexedDB.deleteDatabase(name))
  } catch (error) {
    throw failed('delete database', error)
  }
}

/**
 * Runs an action in one transaction, which happens as a whole or not at all: `action` waits for nothing but requests. A change resolves when it
 * will outlive a crash.
 */
export async function inTransaction<T, Name extends string>(
  database: Database,
  names: readonly Name[],
  mode: Mode,
  action: (stores: Record<Name, ObjectStore>) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction(names, mode, mode === 'readwrite' ? { durability: 'strict' } : undefined)
  const ended = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })
  ended.catch(() => undefined) // whoever waits hears of it
  const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])) as Record<Name, ObjectStore>
  try {
    const result = await action(stores)
    await ended
    return result
  } catch (error) {
    abort(transaction)
    throw error
  }
}

function abort(transaction: Transaction): void {
  try {
    transaction.abort()
  } catch {
    // It had ended already.
  }
}

/** The error of an action, unless it is one of ours already. */
export function failed(action: string, error: unknown): VectraError {
  if (error instanceof VectraError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && error.name === 'QuotaExceededError' ? 'STORAGE_FULL' : 'STORAGE_FAILED'
  return new VectraError(code, `Failed to ${action}: ${message}`, { cause: error })
}
