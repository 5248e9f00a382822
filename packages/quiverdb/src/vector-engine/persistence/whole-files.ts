import type { FileSystem } from '../../store/directory/file-system.js'
import type * as files from '../../store/directory/whole-files.js'

/** What writes and reads index files. */
export interface WholeFiles {
  readonly fs: FileSystem
  readonly files: typeof files
}
