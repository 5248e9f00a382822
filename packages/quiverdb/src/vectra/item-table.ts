import type { IndexHead } from './codecs/index-codec.js'
import type { IndexItem } from './types.js'

/** Where the index file has an item. */
export interface ItemPlace {
  readonly start: number
  readonly end: number
}

/** An item in its row. */
export interface ItemRow {
  /** Replaced as a whole, never changed: callers hold it. */
  item: IndexItem
  row: number
  /** Absent: the file does not have it as it is. */
  place: ItemPlace | undefined
}

export interface ItemChange {
  /** Absent: the item is deleted. */
  readonly item: IndexItem | undefined
  /** Whether all items with the id are meant, where there are several; else the first. */
  readonly isForAll?: boolean
  /** Whether it comes behind all that were there before; else it takes the place of the one with its id. */
  readonly atEnd: boolean
}

/** Changes, each of an id, in their order. */
export type OrderedChanges = Iterable<readonly [id: unknown, change: ItemChange]>

/** Rows without an item may be as many as those with one, and this many more, before the rows are numbered anew. */
const holesMin = 256

/** The items of an index, in the order in which they were inserted. An item keeps its row when it is replaced. */
export class ItemTable {
  readonly head: IndexHead
  /** By row; undefined where an item was deleted. */
  #rows: (ItemRow | undefined)[] = []
  readonly #byId = new Map<unknown, ItemRow>()
  #holes = 0
  /** Whether ids may occur twice, as they can in a file that something else wrote. */
  #repeats = false
  #numbering = 0
  #revision = 0
  readonly #replaced = new Set<number>()

  constructor(head: IndexHead, items: readonly IndexItem[]) {
    this.head = head
    for (const item of items) this.#append(item)
  }

  /** How many items there are. */
  get size(): number {
    return this.#rows.length - this.#holes
  }

  /** By row; undefined where an item was deleted. */
  get rows(): readonly (ItemRow | undefined)[] {
    return this.#rows
  }

  /** Another number whenever rows were numbered anew. */
  get numbering(): number {
    return this.#numbering
  }

  /** Another number whenever anything changed. */
  get revision(): number {
    return this.#revision
  }

  /** The first item with an id. */
  get(id: unknown): IndexItem | undefined {
    return this.#byId.get(id)?.item
  }

  *[Symbol.iterator](): Generator<ItemRow, void, undefined> {
    for (const row of this.#rows) if (row) yield row
  }

  items(): IndexItem[] {
    return Array.from(this, ({ item }) => item)
  }

  /** Rows whose item was replaced since this was asked last. */
  takeReplaced(): number[] {
    const rows = [...this.#replaced]
    this.#replaced.clear()
    return rows
  }

  apply(changes: OrderedChanges): void {
    this.#revision++
    for (const [id, { item, atEnd, isForAll }] of changes) {
      const present = this.#byId.get(id)
      if (present && item && !atEnd) {
        present.item = item
        present.place = undefined
        this.#replaced.add(present.row)
        continue
      }
      if (present) this.#delete(present)
      for (let next = this.#byId.get(id); isForAll && next; next = this.#byId.get(id)) this.#delete(next)
      if (item) this.#append(item)
    }
    if (this.#holes > this.size + holesMin) this.#renumber()
  }

  /** Tells of all items, in their order, where the file has them now. */
  place(places: Iterable<ItemPlace>): void {
    const rows = this[Symbol.iterator]()
    for (const place of places) rows.next().value!.place = place
  }

  #append(item: IndexItem): void {
    const row = { item, row: this.#rows.length, place: undefined }
    this.#rows.push(row)
    if (this.#byId.has(item.id)) this.#repeats = true
    else this.#byId.set(item.id, row)
  }

  #delete({ item: { id }, row }: ItemRow): void {
    this.#rows[row] = undefined
    this.#holes++
    this.#byId.delete(id)
    const next = this.#repeats ? this.#rows.find((other) => other?.item.id === id) : undefined
    if (next) this.#byId.set(id, next)
  }

  #renumber(): void {
    this.#numbering++
    this.#rows = this.#rows.filter((row) => row !== undefined)
    this.#rows.forEach((row, i) => (row!.row = i))
    this.#holes = 0
    this.#replaced.clear()
  }
}
