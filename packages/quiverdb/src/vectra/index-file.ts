import { loadChecksum } from '../vector/checksum.js'
import { type IndexCodec, type IndexHead, type IndexInPieces, NotInPieces } from './codecs/index-codec.js'
import { IndexLayout } from './index-pieces.js'
import type { ItemChanges } from './item-changes.js'
import { type ItemPlace, ItemTable } from './item-table.js'
import { Journal, type JournalContents } from './journal.js'
import type { FileStorage } from './storage/file-storage.js'
import type { IndexData } from './types.js'
import { VectraError } from './vectra-error.js'

/** How often a file is read again because another process wrote it at the same time. */
const readsMax = 20
const pauseMs = 25

interface Stamps {
  readonly index?: string
  readonly journal?: string
}

const noJournal = { bytes: 0, belongs: true, isWhole: true }

/** How much a journal may hold before it goes into the index file. */
export interface JournalLimits {
  readonly sizeBytesMax: number
}

/**
 * The file that holds the items of an index, and the journal beside it. It remembers what it has last read or written, so that only changes
 * are written.
 */
export class IndexFile {
  readonly path: string
  readonly #storage: FileStorage
  readonly #codec: IndexCodec
  readonly #journal: Journal | undefined
  readonly #limits: JournalLimits | undefined
  /** Of the index file and of the journal, as they were last read or written here. */
  #stamps: Stamps = {}
  /** The checksum of the index file, where it is known. */
  #checksum: string | undefined
  #journalled: Omit<JournalContents, 'writes'> = noJournal

  /** @throws VectraError UNSUPPORTED: the storage cannot keep a journal */
  constructor(storage: FileStorage, codec: IndexCodec, path: string, limits?: JournalLimits) {
    this.path = path
    this.#storage = storage
    this.#codec = codec
    this.#journal = Journal.beside(storage, path)
    this.#limits = limits
    if (limits && !(this.#journal && storage.replaceFile)) {
      throw new VectraError(
        'UNSUPPORTED',
        'A journal needs a storage that adds to files and replaces them, such as LocalFileStorage.',
      )
    }
  }

  exists(): Promise<boolean> {
    return this.#storage.pathExists(this.path)
  }

  /** Runs an action while nobody else writes, where the storage sees to that. */
  withLock<T>(action: () => Promise<T>): Promise<T> {
    return this.#storage.withLock ? this.#storage.withLock(this.path, action) : action()
  }

  /** Whether something else has written since this was last read or written here; false where the storage cannot tell. */
  async changed(): Promise<boolean> {
    return !same(await this.#currentStamps(), this.#stamps)
  }

  /** @throws VectraError NOT_FOUND, CORRUPT */
  async read(): Promise<ItemTable> {
    if (!(await this.exists())) throw new VectraError('NOT_FOUND', 'Index does not exist')
    for (let attempt = 1; ; attempt++) {
      const stamps = await this.#currentStamps()
      try {
        const table = await this.#parse()
        if (attempt === readsMax || same(stamps, await this.#currentStamps())) {
          this.#stamps = stamps
          return table
        }
      } catch (error) {
        if (attempt === readsMax || !(await this.#isBeingWritten(stamps))) throw error
      }
    }
  }

  /** Writes an index anew. */
  async create(head: IndexHead): Promise<ItemTable> {
    const table = new ItemTable(head, [])
    await this.#journal?.remove()
    this.#stamps = {}
    await this.#write(table)
    await this.#forgetJournal()
    return table
  }

  /** Makes changes to a table and its files: in the journal, if there is to be one and it has room. */
  async add(changes: ItemChanges): Promise<void> {
    const { bytes, isWhole } = this.#journalled
    if (!this.#limits || !isWhole || bytes > this.#limits.sizeBytesMax) return this.write(changes)
    const checksum = (this.#checksum ??= await this.#checksumOfFile())
    const added = await this.#journal!.append(changes, checksum, bytes === 0)
    this.#journalled = { ...this.#journalled, bytes: bytes + added }
    changes.table.apply(changes)
    this.#stamps = { index: this.#stamps.index, journal: await this.#stampOf(this.#journal) }
  }

  /** Makes changes to a table and its index file, which then has all. */
  async write(changes: ItemChanges): Promise<void> {
    const { table } = changes
    const { bytes, belongs } = this.#journalled
    if (bytes && belongs) await this.#journal!.close()
    const places = await this.#write(table, changes)
    table.apply(changes)
    if (places) table.place(places)
    if (bytes) await this.#journal!.remove()
    await this.#forgetJournal()
  }

  /** Whether the index file lacks what is in the journal. */
  get hasJournal(): boolean {
    return this.#journalled.bytes > 0
  }

  async #write(table: ItemTable, changes?: ItemChanges): Promise<readonly ItemPlace[] | undefined> {
    const { pieces } = this.#codec
    this.#checksum = undefined
    if (!this.#storage.replaceFile || !pieces) {
      await this.#storage.upsertFile(this.path, this.#codec.serializeIndex(dataOf(table, changes)))
      this.#stamps = { ...this.#stamps, index: await this.#stampOf(this) }
      return undefined
    }
    const layout = new IndexLayout(pieces, table, changes)
    this.#stamps = { ...this.#stamps, index: await this.#storage.replaceFile(this.path, layout.pieces(), this.#stamps.index) }
    return layout.places
  }

  async #forgetJournal(): Promise<void> {
    this.#journalled = noJournal
    this.#stamps = { index: this.#stamps.index, journal: await this.#stampOf(this.#journal) }
  }

  async #parse(): Promise<ItemTable> {
    const table = await this.#parseIndex()
    const hasJournal = (await this.#journal?.exists()) === true
    this.#checksum = hasJournal ? await this.#checksumOfFile() : undefined
    this.#journalled = noJournal
    if (!hasJournal) return table
    const { writes, ...journalled } = await this.#journal!.read(this.#checksum!)
    for (const changes of writes) table.apply(changes)
    this.#journalled = journalled
    return table
  }

  async #parseIndex(): Promise<ItemTable> {
    const inPieces = await this.#parsePieces()
    if (inPieces) {
      const table = new ItemTable(inPieces.head, checkedItems(inPieces.items, this.path))
      table.place(placesOf(inPieces, this.#codec.pieces!.separator.length))
      return table
    }
    const data = this.#codec.deserializeIndex(await this.#storage.readFile(this.path))
    const items = checkedItems((data as Partial<IndexData> | null)?.items, this.path)
    return new ItemTable({ version: data.version, metadata_config: data.metadata_config ?? {} }, items)
  }

  async #parsePieces(): Promise<IndexInPieces | undefined> {
    const reader = this.#codec.pieces?.reader()
    try {
      if (!reader || !this.#storage.replaceFile) return undefined
      for await (const chunk of this.#chunks()) reader.push(chunk)
      return reader.finish()
    } catch (error) {
      if (error instanceof NotInPieces) return undefined
      throw error
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#storage.readChunks) yield* this.#storage.readChunks(this.path)
    else yield await this.#storage.readFile(this.path)
  }

  async #checksumOfFile(): Promise<string> {
    const checksum = await loadChecksum()
    let sum: bigint | undefined
    for await (const chunk of this.#chunks()) sum = checksum(chunk, sum)
    return (sum ?? 0n).toString(16)
  }

  async #currentStamps(): Promise<Stamps> {
    return { index: await this.#stampOf(this), journal: await this.#stampOf(this.#journal) }
  }

  async #stampOf(file: { readonly path: string } | undefined): Promise<string | undefined> {
    return file && (await this.#storage.stampOf?.(file.path))
  }

  /** Whether a file that could not be read looks different now, or soon. */
  async #isBeingWritten(stamps: Stamps): Promise<boolean> {
    if (!this.#storage.stampOf) return false
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    return !same(await this.#currentStamps(), stamps)
  }
}

const same = (a: Stamps, b: Stamps): boolean => a.index === b.index && a.journal === b.journal

function* placesOf({ headBytes, itemBytes }: IndexInPieces, separatorBytes: number): Generator<ItemPlace, void, undefined> {
  let start = headBytes
  for (const bytes of itemBytes) {
    yield { start, end: start + bytes }
    start += bytes + separatorBytes
  }
}

/** All that a file is to hold. */
function dataOf(table: ItemTable, changes: ItemChanges | undefined): IndexData {
  const items: IndexData['items'] = []
  for (const { item } of table) {
    const change = changes?.changeOf(item)
    if (!change) items.push(item)
    else if (change.item && !change.atEnd) items.push(change.item)
  }
  for (const [, { item, atEnd }] of changes ?? []) if (item && atEnd) items.push(item)
  return { ...table.head, items }
}

/** @throws VectraError CORRUPT */
function checkedItems(items: unknown, path: string): IndexData['items'] {
  const good =
    Array.isArray(items) && items.every((item: { vector?: unknown } | null) => item !== null && Array.isArray(item?.vector))
  if (!good) throw new VectraError('CORRUPT', `${path} is no index of Vectra: it has no list of items with vectors.`)
  return items as IndexData['items']
}
