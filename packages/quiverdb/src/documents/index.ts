export { folderFiles, syncFolder, type FolderEvent, type FolderOptions } from './node/folder-sync.js'
export { FolderWatch, watchFolder, type WatchOptions } from './node/watch-folder.js'
