import type { FieldIndex } from '../../filter/fields/field-index.js'
import type { SetState } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'

/** The field indexes that a question about some paths can use, set by set. */
export class IndexLookup {
  readonly #collection: CollectionState
  readonly #parts: Parts
  readonly #paths: readonly string[]
  /** Up to how many rows a set is worth an index in memory, where no part has one. */
  readonly #rowsMax: ReadonlyMap<string, number>
  readonly #used = new Set<string>()

  constructor(collection: CollectionState, parts: Parts, paths: readonly string[]) {
    this.#collection = collection
    this.#parts = parts
    this.#paths = paths.filter((path) => path !== 'id')
    this.#rowsMax = parts.fieldIndexes.ask(collection, this.#paths)
  }

  /** Paths of which an index was found so far, sorted. */
  get used(): readonly string[] {
    return [...this.#used].sort()
  }

  of({ number, set }: SetState): ReadonlyMap<string, FieldIndex> {
    const { fieldIndexes } = this.#parts
    const entry = this.#collection.entries.get(number)
    const stored = entry?.fields && this.#parts.fields(entry.fields.key)
    const found = new Map<string, FieldIndex>()
    const missing: string[] = []
    for (const path of this.#paths) {
      const index = stored && fieldIndexes.stored(stored, path)
      if (index) found.set(path, index)
      else if (set.rows <= this.#rowsMax.get(path)!) missing.push(path)
    }
    for (const [path, index] of fieldIndexes.make(set, missing)) found.set(path, index)
    for (const path of found.keys()) this.#used.add(path)
    return found
  }
}
