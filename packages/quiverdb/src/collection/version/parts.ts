import type { Containers } from '../../format/container.js'
import { FieldPart } from '../../segment/field-part.js'
import { GraphPart } from '../../segment/graph-part.js'
import { bytesSource } from '../../segment/part-file.js'
import type { Residency } from '../../segment/residency.js'
import { RowPart } from '../../segment/row-part.js'
import type { SearchHelpers } from '../../segment/search-helpers.js'
import type { ObjectStore } from '../../store/object-store.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import { FieldIndexes } from './field-indexes.js'
import { TextIndexes } from './text-indexes.js'

/** What the namespaces of a database have together. */
export interface SharedParts {
  readonly fieldIndexes?: FieldIndexes
  readonly textIndexes?: TextIndexes
  /** Threads for the long pieces of searches, where there are any. */
  readonly helpers?: SearchHelpers
}

/** The stored parts that a namespace has in hand, each once, whatever number of versions look at it. */
export class Parts {
  readonly pool: MemoryPool
  readonly residency: Residency
  readonly containers: Containers
  readonly helpers: SearchHelpers | undefined
  readonly #store: ObjectStore
  readonly #rows = new Map<string, RowPart>()
  readonly #graphs = new Map<string, GraphPart>()
  /** Shared by all namespaces of a database. */
  readonly fieldIndexes: FieldIndexes
  readonly textIndexes: TextIndexes
  readonly #fields = new Map<string, FieldPart>()
  #setNumber = 0

  constructor(
    store: ObjectStore,
    containers: Containers,
    pool: MemoryPool,
    residency: Residency,
    { fieldIndexes = new FieldIndexes(), textIndexes = new TextIndexes(), helpers }: SharedParts = {},
  ) {
    this.helpers = helpers
    this.fieldIndexes = fieldIndexes
    this.textIndexes = textIndexes
    this.#store = store
    this.containers = containers
    this.pool = pool
    this.residency = residency
  }

  nextSetNumber(): number {
    return ++this.#setNumber
  }

  rows(key: string, base: number): RowPart {
    let part = this.#rows.get(key)
    // A commit that others forced to take a later number numbers its rows anew.
    if (part && part.base !== base) {
      part.free()
      part = undefined
    }
    if (!part) {
      part = new RowPart(this.#store, this.containers, this.pool, this.residency, key, base)
      this.#rows.set(key, part)
    }
    return part
  }

  graph(key: string, nodes: number): GraphPart {
    let part = this.#graphs.get(key)
    if (!part) {
      part = new GraphPart(this.#store, this.containers, this.pool, this.residency, key, nodes)
      this.#graphs.set(key, part)
    }
    return part
  }

  fields(key: string): FieldPart {
    let part = this.#fields.get(key)
    if (!part) this.#fields.set(key, (part = new FieldPart(this.#store, this.containers, key)))
    return part
  }

  /** Rows that lie inside a commit. */
  block(bytes: Uint8Array, name: string): RowPart {
    return new RowPart(bytesSource(bytes), this.containers, this.pool, this.residency, name, 0)
  }

  /** Gives back the memory of parts that the head no longer has. Versions that still look at them load them again. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, part] of this.#rows) {
      if (keys.has(key)) continue
      part.free()
      this.#rows.delete(key)
    }
    for (const [key, part] of this.#graphs) {
      if (keys.has(key)) continue
      this.residency.release(part)
      this.#graphs.delete(key)
    }
    for (const key of this.#fields.keys()) if (!keys.has(key)) this.#fields.delete(key)
  }
}
