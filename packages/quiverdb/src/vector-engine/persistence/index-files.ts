import { loadChecksum } from '../../vector/checksum.js'
import { VectorError } from '../errors.js'
import type { PersistentVectorIndex } from '../types.js'
import type { WholeFiles } from './whole-files.js'
import { indexFileName, jsonExtension } from './file-names.js'
import { decodeIndexBinary, encodeIndexBinary } from './index-binary.js'
import { decodeIndexJson, encodeIndexJson } from './index-json.js'

export type IndexFileFormat = 'json' | 'binary'

/** Bounds of what is loaded; absent: none. */
export interface IndexFileLimits {
  /** Looked at before the file is read. */
  readonly maxIndexFileBytes?: number
  readonly maxIndexEntries?: number
}

/** What a folder held: its indexes by file name, and why others could not be read. */
export interface LoadedFolder {
  readonly indexes: PersistentVectorIndex[]
  readonly failures: readonly { readonly file: string; readonly error: VectorError }[]
}

/** Writes an index file. It is there whole or not at all: one that was there is replaced in one step, after the new one is on disk. @throws VectorError IoError */
export async function saveIndexFile(path: string, index: PersistentVectorIndex, format: IndexFileFormat): Promise<void> {
  const chunks = format === 'json' ? encodeIndexJson(index) : encodeIndexBinary(index, await loadChecksum())
  await withFiles(`writing ${path}`, async ({ fs, files }) => await files.writeFileAtomically(fs, path, chunks))
}

/** @throws VectorError IoError, SerializationError; ConfigurationError: a limit is exceeded; DimensionMismatch */
export async function loadIndexFile(
  path: string,
  format: IndexFileFormat,
  limits: IndexFileLimits = {},
): Promise<PersistentVectorIndex> {
  const bytes = await withFiles(
    `reading ${path}`,
    async ({ fs, files }) => await files.readFileWithin(fs, path, limits.maxIndexFileBytes),
  )
  if (typeof bytes === 'number') {
    throw VectorError.configuration(`index file size ${bytes} exceeds limit ${limits.maxIndexFileBytes}`)
  }
  if (format === 'json') return decodeIndexJson(bytes, limits.maxIndexEntries)
  return decodeIndexBinary(bytes, await loadChecksum(), limits.maxIndexEntries)
}

/** Writes a JSON file for each index into a folder, which is made when absent. Returns the names of the collections. @throws VectorError IoError */
export async function saveIndexFolder(folder: string, indexes: Iterable<PersistentVectorIndex>): Promise<string[]> {
  const checksum = await loadChecksum()
  await withFiles(`making ${folder}`, async ({ fs, files }) => await files.makeFolders(fs, files.folderPath(folder)))
  const names: string[] = []
  for (const index of indexes) {
    await saveIndexFile(`${folder}/${indexFileName(index, checksum)}`, index, 'json')
    names.push(index.collection)
  }
  return names
}

/** Reads every JSON file of a folder, in the order of their names; those that cannot be read are named. @throws VectorError IoError: no such folder */
export async function loadIndexFolder(folder: string, limits: IndexFileLimits = {}): Promise<LoadedFolder> {
  const entries = await withFiles(`listing ${folder}`, async ({ fs, files }) => await fs.readDirectory(files.folderPath(folder)))
  const names = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith(jsonExtension)).map(({ name }) => name)
  const indexes: PersistentVectorIndex[] = []
  const failures: { file: string; error: VectorError }[] = []
  for (const file of names.sort()) {
    try {
      indexes.push(await loadIndexFile(`${folder}/${file}`, 'json', limits))
    } catch (error) {
      if (!(error instanceof VectorError)) throw error
      failures.push({ file, error })
    }
  }
  return { indexes, failures }
}

/** Imported late: a browser has no files, and no Node. */
async function withFiles<T>(doing: string, work: (files: WholeFiles) => Promise<T>): Promise<T> {
  try {
    const { wholeFiles } = await import('#whole-files')
    return await work(await wholeFiles())
  } catch (error) {
    if (error instanceof VectorError) throw error
    throw VectorError.io(`${doing}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}
