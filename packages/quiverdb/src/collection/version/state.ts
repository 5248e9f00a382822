import type { FieldsEntry, IndexDefinition, TextDefinition } from '../../history/commit.js'
import { forEachBit, wordsFor } from '../../format/bitset.js'
import { IdDirectory, type RowLocation, type SetLookup, type SetState } from './directory.js'
import type { IndexState } from './index-state.js'

/** A row part as a manifest names it. */
export interface PartEntry {
  readonly key: string
  readonly rows: number
  /** Number of the first row where the part does not number its rows. */
  readonly base: number
  /** The field indexes of its rows, where there are any. */
  readonly fields?: FieldsEntry | undefined
}

/** A version that was named by a message and is kept for ever. */
export interface NamedVersion {
  readonly seq: number
  readonly timeMs: number
  readonly message: string
}

/** One collection of one version. Never changes: a commit makes a new one that shares what it can. */
export class CollectionState implements SetLookup {
  readonly uuid: string
  readonly name: string
  /** Sealed parts and memtables, oldest first. */
  readonly sets: readonly SetState[]
  readonly entries: ReadonlyMap<number, PartEntry>
  readonly indexes: readonly IndexState[]
  /** Paths that are to have field indexes, sorted. */
  readonly fields: readonly string[]
  /** Text indexes that there are to be, by field. */
  readonly texts: readonly TextDefinition[]
  /** Living records. */
  readonly records: number
  readonly #positions: ReadonlyMap<number, number>
  #directory: IdDirectory | undefined

  constructor(facts: {
    uuid: string
    name: string
    sets: readonly SetState[]
    entries: ReadonlyMap<number, PartEntry>
    indexes: readonly IndexState[]
    fields: readonly string[]
    texts: readonly TextDefinition[]
    records: number
    directory: IdDirectory | undefined
  }) {
    this.uuid = facts.uuid
    this.name = facts.name
    this.sets = facts.sets
    this.entries = facts.entries
    this.indexes = facts.indexes
    this.fields = facts.fields
    this.texts = facts.texts
    this.records = facts.records
    this.#directory = facts.directory
    this.#positions = new Map(facts.sets.map((state, position) => [state.number, position]))
  }

  setOf(number: number): SetState | undefined {
    const position = this.#positions.get(number)
    return position === undefined ? undefined : this.sets[position]
  }

  find(id: string): RowLocation | undefined {
    return this.directory().find(id, this)
  }

  /** Built from the living rows when an id is first looked for. */
  directory(): IdDirectory {
    if (this.#directory) return this.#directory
    const directory = new IdDirectory()
    directory.reserve(this.records)
    for (const { number, set, rows, dead } of this.sets) {
      for (let slot = 0; slot < rows; slot++) if (!dead.has(slot)) directory.add(number, set, slot)
    }
    this.#directory = directory
    return directory
  }

  get knownDirectory(): IdDirectory | undefined {
    return this.#directory
  }
  /** Calls back for every living row, set by set. */
  forEachRow(visit: (state: SetState, slot: number) => void): void {
    for (const state of this.sets) {
      const words = new Uint32Array(wordsFor(state.rows))
      for (let i = 0; i < words.length; i++) words[i] = ~(state.dead.words[i] ?? 0)
      forEachBit(words, state.rows, (slot) => visit(state, slot))
    }
  }

  index(name: string): IndexState | undefined {
    return this.indexes.find(({ index }) => index.definition.name === name)
  }

  get definitions(): readonly IndexDefinition[] {
    return this.indexes.map(({ index }) => index.definition)
  }
}

/** One version of a namespace. Never changes. */
export class NamespaceState {
  readonly seq: number
  readonly timeMs: number
  readonly collections: ReadonlyMap<string, CollectionState>
  readonly named: readonly NamedVersion[]

  constructor(seq: number, timeMs: number, collections: ReadonlyMap<string, CollectionState>, named: readonly NamedVersion[]) {
    this.seq = seq
    this.timeMs = timeMs
    this.collections = collections
    this.named = named
  }

  static readonly empty = new NamespaceState(0, 0, new Map(), [])

  byName(name: string): CollectionState | undefined {
    for (const collection of this.collections.values()) if (collection.name === name) return collection
    return undefined
  }
}
