import { QuiverError } from '../errors.js'

/** What a browser has in the place of folders: an error that says so. */
export class DirectoryStore {
  declare readonly name: string

  private constructor() {}

  /** @throws QuiverError UNSUPPORTED */
  static async open(path: string): Promise<never> {
    throw unsupported(path)
  }
}

/** @throws QuiverError UNSUPPORTED */
export function folderPath(url: string): never {
  throw unsupported(url)
}

function unsupported(url: string): QuiverError {
  const message = `There are no folders in a browser (${url}). Open "memory:", or a store of your own with Database.over.`
  return new QuiverError('UNSUPPORTED', message, { details: { url } })
}
