import { nodeFileSystem } from '../../store/directory/file-system.js'
import * as files from '../../store/directory/whole-files.js'
import type { WholeFiles } from './whole-files.js'

export async function wholeFiles(): Promise<WholeFiles> {
  return { fs: nodeFileSystem, files }
}
