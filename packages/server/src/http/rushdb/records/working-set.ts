import type { Scalar, PropertyValue, StoredRecord } from '../stored.js'
import { storedName } from '../stored.js'
import type { LoadedRecord } from './read.js'

/** A record under way: as it was stored, if it was, and as it is going to be. */
export interface Entry {
  readonly before: LoadedRecord | undefined
  now: LoadedRecord
  isChanged: boolean
}

/** What makes a record the one that is meant: equal values under these names, and the label if one is given. */
export interface Match {
  readonly label: string | undefined
  /** In ascending order. */
  readonly names: readonly string[]
  readonly values: readonly PropertyValue[]
}

interface Index {
  readonly names: readonly string[]
  readonly hasLabel: boolean
  readonly entries: Map<string, Set<Entry>>
}

/** The records that one request may change, found by their values, which change as it goes on. */
export class WorkingSet {
  readonly #entries = new Map<string, Entry>()
  /** By the names that they are for. */
  readonly #indexes = new Map<string, Index>()

  get entries(): Iterable<Entry> {
    return this.#entries.values()
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  add(entry: Entry): void {
    this.#entries.set(entry.now.id, entry)
    for (const index of this.#indexes.values()) include(index, entry)
  }

  change(entry: Entry, now: LoadedRecord): void {
    for (const index of this.#indexes.values()) exclude(index, entry)
    entry.now = now
    entry.isChanged = true
    for (const index of this.#indexes.values()) include(index, entry)
  }

  /** The oldest first. */
  find({ label, names, values }: Match): Entry[] {
    const index = this.#indexOf(names, label !== undefined)
    const found = index.entries.get(keyOf(label, values))
    return found ? [...found].sort((a, b) => (a.now.id < b.now.id ? -1 : 1)) : []
  }

  #indexOf(names: readonly string[], hasLabel: boolean): Index {
    const key = JSON.stringify([hasLabel, ...names])
    let index = this.#indexes.get(key)
    if (!index) {
      index = { names, hasLabel, entries: new Map() }
      this.#indexes.set(key, index)
      for (const entry of this.#entries.values()) include(index, entry)
    }
    return index
  }
}

function include(index: Index, entry: Entry): void {
  const key = keyIn(index, entry.now)
  if (key === undefined) return
  const entries = index.entries.get(key)
  if (entries) entries.add(entry)
  else index.entries.set(key, new Set([entry]))
}

function exclude(index: Index, entry: Entry): void {
  const key = keyIn(index, entry.now)
  if (key !== undefined) index.entries.get(key)?.delete(entry)
}

/** Undefined where the record has not all of the names. */
function keyIn({ names, hasLabel }: Index, { label, data }: StoredRecord): string | undefined {
  if (hasLabel && label === undefined) return undefined
  const values: PropertyValue[] = []
  for (const name of names) {
    const stored = storedName(name)
    if (!Object.hasOwn(data, stored)) return undefined
    values.push(data[stored]!)
  }
  return keyOf(hasLabel ? label : undefined, values)
}

function keyOf(label: Scalar | undefined, values: readonly PropertyValue[]): string {
  return JSON.stringify([label ?? null, ...values])
}
