import { loadChecksum } from '../vector/checksum.js'
import type { ItemChange, OrderedChanges } from './item-table.js'
import { concatBytes, toBytes, toText } from './storage/bytes.js'
import type { FileStorage } from './storage/file-storage.js'
import { FileStorageUtilities } from './storage/file-storage-utilities.js'
import type { IndexItem } from './types.js'
import { VectraError } from './vectra-error.js'

/** One change: id, the item or null for one that is deleted, whether it goes to the end, and whether all items with the id are meant. */
type JournalledChange = [id: unknown, item: IndexItem | null, atEnd: boolean, isForAll?: boolean]

/** What of a journal belongs to an index file. */
export interface JournalContents {
  readonly writes: readonly OrderedChanges[]
  readonly bytes: number
  /** Whether its writes are of this index file. */
  readonly belongs: boolean
  /** Whether the next write may be added behind. */
  readonly isWhole: boolean
}

const nothing: JournalContents = { writes: [], bytes: 0, belongs: true, isWhole: true }
const lineEnd = '\n'
/** A line that says: a new index file with all of this is about to be written. */
const closing = 'closed'
/** Where a journal is put whose index file something else has replaced. */
const orphaned = '.orphaned'

/**
 * Writes that are not in the index file yet, one line each, with checksums. The first line names the index file they belong to by the checksum
 * of its bytes: over any other they are never replayed.
 */
export class Journal {
  readonly path: string
  readonly #storage: FileStorage & Required<Pick<FileStorage, 'appendFile'>>

  constructor(storage: FileStorage & Required<Pick<FileStorage, 'appendFile'>>, path: string) {
    this.#storage = storage
    this.path = path
  }

  /** Undefined for storages that cannot add to a file. */
  static beside(storage: FileStorage, indexPath: string): Journal | undefined {
    const { appendFile } = storage
    return appendFile && new Journal(storage as FileStorage & { appendFile: typeof appendFile }, `${indexPath}.journal`)
  }

  exists(): Promise<boolean> {
    return this.#storage.pathExists(this.path)
  }

  /** The writes that are to be replayed over the index file with this checksum. */
  async read(index: string): Promise<JournalContents> {
    if (!(await this.exists())) return nothing
    const bytes = await this.#storage.readFile(this.path)
    const checksum = await loadChecksum()
    const lines = toText(bytes).split(lineEnd)
    const isCut = lines.pop() !== ''
    const texts = lines.map((line) => verified(line, checksum))
    if (texts[0] !== headOf(index)) return { writes: [], bytes: bytes.length, belongs: false, isWhole: false }
    // What follows a line that was not written to its end was never acknowledged.
    const bad = texts.indexOf(undefined)
    const good = (bad < 0 ? texts : texts.slice(0, bad)) as string[]
    const writes = good.slice(1).filter((text) => text !== closing)
    const isWhole = !isCut && bad < 0 && writes.length === good.length - 1
    return { writes: writes.map(changesOf), bytes: bytes.length, belongs: true, isWhole }
  }

  /** Adds a write; begins the journal of an index file with it where `isNew`. Returns how many bytes were added. */
  async append(changes: OrderedChanges, index: string, isNew: boolean): Promise<number> {
    const checksum = await loadChecksum()
    const line = lineOf(JSON.stringify(Array.from(changes, journalled)), checksum)
    if (!isNew) {
      await this.#storage.appendFile(this.path, line)
      return line.length
    }
    const bytes = concatBytes([lineOf(headOf(index), checksum), line])
    if (!this.#storage.replaceFile) throw new VectraError('UNSUPPORTED', 'A journal needs a storage that replaces files.')
    await this.#storage.replaceFile(this.path, [bytes])
    return bytes.length
  }

  /** Says that all of it is about to be in the index file. */
  async close(): Promise<void> {
    // What is before it may have been cut short.
    const line = lineOf(closing, await loadChecksum())
    await this.#storage.appendFile(this.path, concatBytes([toBytes(lineEnd), line]))
  }

  /** Removes what an index file has taken in. A journal that was never closed belongs to one that something else has replaced: it is kept aside. */
  async remove(): Promise<void> {
    if (!(await this.exists())) return
    const bytes = await this.#storage.readFile(this.path)
    const last = toText(bytes).split(lineEnd).at(-2)
    if (last === undefined || verified(last, await loadChecksum()) !== closing)
      await this.#storage.upsertFile(`${this.path}${orphaned}`, bytes)
    await FileStorageUtilities.tryDeleteFile(this.#storage, this.path)
  }
}

const headOf = (index: string): string => JSON.stringify({ journal: 1, index })

type Checksum = Awaited<ReturnType<typeof loadChecksum>>

const checksumOf = (text: Uint8Array, checksum: Checksum): string => checksum(text).toString(16).padStart(16, '0')

function lineOf(text: string, checksum: Checksum): Uint8Array {
  return toBytes(`${checksumOf(toBytes(text), checksum)} ${text}${lineEnd}`)
}

/** The text of a line; undefined when it is not what was written. */
function verified(line: string, checksum: Checksum): string | undefined {
  const [sum, text] = [line.slice(0, 16), line.slice(17)]
  return sum === checksumOf(toBytes(text), checksum) ? text : undefined
}

function journalled([id, { item, atEnd, isForAll }]: readonly [unknown, ItemChange]): JournalledChange {
  return isForAll ? [id, item ?? null, atEnd, true] : [id, item ?? null, atEnd]
}

function changesOf(text: string): OrderedChanges {
  const changes = JSON.parse(text) as JournalledChange[]
  return changes.map(([id, item, atEnd, isForAll]) => [id, { item: item ?? undefined, atEnd, isForAll }] as const)
}
