import type { ItemChange, ItemTable } from './item-table.js'
import type { IndexItem, MetadataTypes } from './types.js'
import { VectraError } from './vectra-error.js'

/** Metadata that goes into a file of its own. */
export interface MetadataFileContent {
  readonly name: string
  readonly metadata: Record<string, MetadataTypes>
}

/** What is to be done with the items of a table: one change for each id, in the order in which they will be applied. */
export class ItemChanges {
  #table: ItemTable
  readonly #changes = new Map<unknown, ItemChange>()
  readonly #inserted = new Set<unknown>()
  readonly #files = new Map<unknown, MetadataFileContent>()

  constructor(table: ItemTable) {
    this.#table = table
  }

  get table(): ItemTable {
    return this.#table
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0
  }

  /** Files that items of the changes name. */
  get files(): Iterable<MetadataFileContent> {
    return this.#files.values()
  }

  [Symbol.iterator](): Iterator<[unknown, ItemChange]> {
    return this.#changes[Symbol.iterator]()
  }

  /** What will be done with one of the table's items. */
  changeOf(item: IndexItem): ItemChange | undefined {
    const change = this.#changes.get(item.id)
    return change && (change.isForAll || this.#table.get(item.id) === item) ? change : undefined
  }

  /** The item with an id, as it will be. */
  get(id: unknown): IndexItem | undefined {
    const change = this.#changes.get(id)
    return change ? change.item : this.#table.get(id)
  }

  /** @throws VectraError ALREADY_EXISTS */
  insert(item: IndexItem, file?: MetadataFileContent): void {
    const { id } = item
    if (this.get(id)) this.refuse(id)
    this.#inserted.add(id)
    this.#set(id, { item, atEnd: true }, file)
  }

  /** @throws VectraError ALREADY_EXISTS */
  refuse(id: unknown): never {
    throw exists(id)
  }

  /** Inserts, or replaces the item with that id in its place. Returns the item as it will be. */
  upsert(item: IndexItem, file?: MetadataFileContent): IndexItem {
    const { id } = item
    const present = this.get(id)
    if (!present) {
      this.#set(id, { item, atEnd: true }, file)
      return item
    }
    const { metadataFile: _, ...kept } = present
    const replaced = { ...(item.metadataFile === undefined ? kept : present), ...item }
    this.#changes.set(id, { item: replaced, atEnd: this.#changes.get(id)?.atEnd ?? false })
    this.#keepFile(id, file)
    return replaced
  }

  /** Deletes the first item with an id, or all of them. */
  delete(id: unknown, isForAll = false): void {
    if (!this.get(id)) return
    this.#changes.delete(id)
    this.#inserted.delete(id)
    this.#files.delete(id)
    if (this.#table.get(id)) this.#changes.set(id, { item: undefined, atEnd: false, isForAll })
  }

  /** Puts the changes on another table: somebody else has written. @throws VectraError ALREADY_EXISTS: what is inserted here is there now */
  rebase(table: ItemTable): void {
    if (table === this.#table) return
    for (const id of this.#inserted) if (table.get(id) && !this.#table.get(id)) throw exists(id)
    this.#table = table
    for (const [id, change] of this.#changes) {
      if (!table.get(id) && change.item && !change.atEnd) this.#changes.set(id, { ...change, atEnd: true })
    }
  }

  #set(id: unknown, change: ItemChange, file: MetadataFileContent | undefined): void {
    // Behind what was inserted meanwhile.
    this.#changes.delete(id)
    this.#changes.set(id, change)
    this.#keepFile(id, file)
  }

  #keepFile(id: unknown, file: MetadataFileContent | undefined): void {
    if (file) this.#files.set(id, file)
    else this.#files.delete(id)
  }
}

const exists = (id: unknown): VectraError =>
  new VectraError('ALREADY_EXISTS', `Item with id ${id} already exists`, { details: { id } })
