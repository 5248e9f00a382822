import { QuiverError } from '../../errors.js'
import type { WholeFiles } from './whole-files.js'

/** @throws QuiverError UNSUPPORTED */
export async function wholeFiles(): Promise<WholeFiles> {
  throw new QuiverError('UNSUPPORTED', 'There are no files in a browser.')
}
