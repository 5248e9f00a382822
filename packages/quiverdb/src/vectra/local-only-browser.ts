import { VectraError } from './vectra-error.js'

export { BrowserWebFetcher as WebFetcher } from './browser-web-fetcher.js'

/** What a browser has in the place of files to read: an error that says so. */
export class FileFetcher {
  /** @throws VectraError UNSUPPORTED */
  constructor() {
    throw unsupported('FileFetcher')
  }
}

/** What a browser has in the place of folders to watch: an error that says so. */
export class FolderWatcher {
  /** @throws VectraError UNSUPPORTED */
  constructor() {
    throw unsupported('FolderWatcher')
  }
}

function unsupported(name: string): VectraError {
  return new VectraError('UNSUPPORTED', `${name} is not supported in browser environments. Give documents as text.`)
}
