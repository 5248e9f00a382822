/** What needs Node: in a browser another module has this one's place. */
export { FileFetcher } from './file-fetcher.js'
export { FolderWatcher } from './folder-watcher.js'
export { WebFetcher } from './web-fetcher.js'
