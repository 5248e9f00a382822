import { VectraError } from '../vectra-error.js'
import type { FileStorage } from './file-storage.js'

let make: () => FileStorage = () => {
  throw new VectraError(
    'UNSUPPORTED',
    'LocalFileStorage is not supported in browser environments. Use IndexedDBStorage or VirtualFileStorage instead.',
  )
}

/** Where an index keeps its files when nobody says where: the entry for Node makes that the file system. */
export const defaultStorage = (): FileStorage => make()

export function setDefaultStorage(factory: () => FileStorage): void {
  make = factory
}
