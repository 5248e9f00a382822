import { DirectoryStore, folderPath } from '#folders'
import { QuiverError } from '../errors.js'
import { MemoryStore } from './memory-store.js'
import type { ObjectStore } from './object-store.js'

/** `C:\data` is a path, so a scheme has at least two letters. */
const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]+):/

/**
 * Opens the store that `url` names: `memory:` is a new one in this process; `./data`, `/var/data` and `file:///var/data` are
 * folders, made when absent.
 * @throws QuiverError UNSUPPORTED: a scheme that this build has no store for. INVALID_ARGUMENT, STORAGE_FULL, STORAGE_FAILED.
 */
export async function openStore(url: string, options: { create?: boolean } = {}): Promise<ObjectStore> {
  if (typeof url !== 'string' || url.trim() === '') {
    throw new QuiverError('INVALID_ARGUMENT', 'A store is named by a path such as "./data", or "memory:".')
  }
  if (url === 'memory:') return new MemoryStore()
  const scheme = schemePattern.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'file') throw unsupported(url, scheme)
  return DirectoryStore.open(folderPath(url), options)
}

function unsupported(url: string, scheme: string): QuiverError {
  const message = `There is no store for "${scheme}:" (${url}). Stores are folders ("./data", "file:///data") and "memory:".`
  return new QuiverError('UNSUPPORTED', message, { details: { url } })
}
