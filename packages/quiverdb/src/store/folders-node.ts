export { DirectoryStore } from './directory-store.js'
export { folderPath } from './directory/folder-path.js'
