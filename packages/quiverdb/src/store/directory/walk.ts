import { reservedSegment } from '../keys.js'
import { isMissing } from './failures.js'
import type { DirectoryEntry, FileSystem } from './file-system.js'
import { objectFileName } from './object-files.js'

/** A name as it sorts among its siblings: `a`, then `a-b`, then the keys of folder `a` (`a/...`). */
interface Sibling {
  readonly sortName: string
  readonly entry: DirectoryEntry
  /** The folder's own entries, once read. */
  readonly entries?: readonly DirectoryEntry[]
}

/** Walks the keys behind `prefix` and `after` in ascending order. Folders that cannot hold one are not read. */
export async function* walkKeys(fs: FileSystem, root: string, prefix: string, after: string): AsyncIterable<string> {
  const top = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const entries = await readEntries(fs, `${root}/${top}`)
  yield* walkFolder(fs, root, top, entries, prefix, after)
}

async function* walkFolder(
  fs: FileSystem,
  root: string,
  folder: string,
  entries: readonly DirectoryEntry[],
  prefix: string,
  after: string,
): AsyncIterable<string> {
  const siblings = siblingsOf(folder, entries, prefix, after)
  for (let i = 0; i < siblings.length; i++) {
    const { entry, entries: inner } = siblings[i] as Sibling
    const key = folder + entry.name
    if (inner) {
      yield* walkFolder(fs, root, `${key}/`, inner, prefix, after)
    } else if (!entry.isDirectory()) {
      if (key > after) yield key
    } else {
      const found = await readEntries(fs, `${root}/${key}`)
      if (!found.some(({ name }) => name === objectFileName))
        insertFolder(siblings, i + 1, { sortName: `${entry.name}/`, entry, entries: found })
      else if (key > after) yield key
    }
  }
}

function siblingsOf(folder: string, entries: readonly DirectoryEntry[], prefix: string, after: string): Sibling[] {
  const siblings: Sibling[] = []
  for (const entry of entries) {
    const key = folder + entry.name
    if (entry.name === objectFileName || key === reservedSegment) continue
    const keys = entry.isDirectory() ? `${key}/` : key
    const behind = entry.isDirectory() ? keys > after || after.startsWith(keys) : key > after
    if (keys.startsWith(prefix) && behind) siblings.push({ sortName: entry.name, entry })
  }
  return siblings.sort((a, b) => (a.sortName < b.sortName ? -1 : 1))
}

/** Puts a folder where its keys sort, among the siblings from `start` on. */
function insertFolder(siblings: Sibling[], start: number, folder: Sibling): void {
  let at = start
  while (at < siblings.length && (siblings[at] as Sibling).sortName < folder.sortName) at++
  siblings.splice(at, 0, folder)
}

async function readEntries(fs: FileSystem, path: string): Promise<readonly DirectoryEntry[]> {
  try {
    return await fs.readDirectory(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
