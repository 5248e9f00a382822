import { defaultStorage } from './default-storage.js'

/** What a browser has in the place of a file system: an error that says so. */
export class LocalFileStorage {
  /** @throws VectraError UNSUPPORTED */
  constructor() {
    defaultStorage()
  }
}
