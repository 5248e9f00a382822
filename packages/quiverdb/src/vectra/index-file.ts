import { type IndexCodec, type IndexHead, type IndexInPieces, NotInPieces } from './codecs/index-codec.js'
import { type ItemChanges } from './item-changes.js'
import { ItemTable } from './item-table.js'
import { indexPieces } from './index-pieces.js'
import type { FileStorage } from './storage/file-storage.js'
import type { IndexData } from './types.js'
import { VectraError } from './vectra-error.js'

/** How often a file is read again because another process wrote it at the same time. */
const readsMax = 20
const pauseMs = 25

/** The file that holds the items of an index. It remembers what it has last read or written, so that only changes are written. */
export class IndexFile {
  readonly #storage: FileStorage
  readonly #codec: IndexCodec
  readonly #path: string
  #stamp: string | undefined
  /** Length of what stands before the items in the file; undefined when the file is not laid out piece by piece. */
  #headBytes: number | undefined

  constructor(storage: FileStorage, codec: IndexCodec, path: string) {
    this.#storage = storage
    this.#codec = codec
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  exists(): Promise<boolean> {
    return this.#storage.pathExists(this.#path)
  }

  /** Whether something else has written the file since it was last read or written here; false where the storage cannot tell. */
  async changed(): Promise<boolean> {
    return this.#storage.stampOf !== undefined && (await this.#storage.stampOf(this.#path)) !== this.#stamp
  }

  /** @throws VectraError NOT_FOUND, CORRUPT */
  async read(): Promise<ItemTable> {
    if (!(await this.exists())) throw new VectraError('NOT_FOUND', 'Index does not exist')
    for (let attempt = 1; ; attempt++) {
      const stamp = await this.#storage.stampOf?.(this.#path)
      try {
        const table = await this.#parse()
        if (attempt === readsMax || stamp === (await this.#storage.stampOf?.(this.#path))) {
          this.#stamp = stamp
          return table
        }
      } catch (error) {
        if (attempt === readsMax || !(await this.#isBeingWritten(stamp))) throw error
      }
    }
  }

  /** Writes an index anew. */
  async create(head: IndexHead): Promise<ItemTable> {
    const table = new ItemTable(head, [])
    this.#headBytes = undefined
    await this.#write(table, undefined)
    return table
  }

  /** Writes the table with the changes, which are not applied to it. */
  write(changes: ItemChanges): Promise<void> {
    return this.#write(changes.table, changes)
  }

  async #write(table: ItemTable, changes: ItemChanges | undefined): Promise<void> {
    const { pieces } = this.#codec
    if (!this.#storage.replaceFile || !pieces) {
      await this.#storage.upsertFile(this.#path, this.#codec.serializeIndex(dataOf(table, changes)))
      this.#stamp = await this.#storage.stampOf?.(this.#path)
      return
    }
    const layout = indexPieces(pieces, { table, changes, headBytes: this.#headBytes })
    this.#stamp = await this.#storage.replaceFile(this.#path, layout.pieces())
    this.#headBytes = layout.headBytes
  }

  async #parse(): Promise<ItemTable> {
    const inPieces = await this.#parsePieces()
    this.#headBytes = inPieces?.headBytes
    if (inPieces) return new ItemTable(inPieces.head, checkedItems(inPieces.items, this.#path), inPieces.itemBytes)
    const data = this.#codec.deserializeIndex(await this.#storage.readFile(this.#path))
    const items = checkedItems((data as Partial<IndexData> | null)?.items, this.#path)
    return new ItemTable({ version: data.version, metadata_config: data.metadata_config ?? {} }, items)
  }

  async #parsePieces(): Promise<IndexInPieces | undefined> {
    const reader = this.#codec.pieces?.reader()
    try {
      if (!reader || !this.#storage.replaceFile) return undefined
      if (this.#storage.readChunks) for await (const chunk of this.#storage.readChunks(this.#path)) reader.push(chunk)
      else reader.push(await this.#storage.readFile(this.#path))
      return reader.finish()
    } catch (error) {
      if (error instanceof NotInPieces) return undefined
      throw error
    }
  }

  /** Whether a file that could not be read looks different now, or soon. */
  async #isBeingWritten(stamp: string | undefined): Promise<boolean> {
    if (!this.#storage.stampOf) return false
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    return (await this.#storage.stampOf(this.#path)) !== stamp
  }
}

/** All that a file is to hold. */
function dataOf(table: ItemTable, changes: ItemChanges | undefined): IndexData {
  const items: IndexData['items'] = []
  for (const { item } of table) {
    const change = changes?.changeOf(item.id)
    if (!change || table.get(item.id) !== item) items.push(item)
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
