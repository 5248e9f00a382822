import type { Bounds } from '../../filter/fields/bounds.js'
import type { FieldIndex } from '../../filter/fields/field-index.js'
import { indexOver } from '../../filter/fields/field-index-builder.js'
import { type FieldPart, indexRows } from '../../segment/field-part.js'
import type { RowSet } from '../../segment/row-set.js'
import { ByteCache } from './byte-cache.js'
import { pathsInText } from './fields.js'
import type { CollectionState } from './state.js'

/** Documented limits (`docs/LIMITS.md`). */
export const fieldIndexBytesMax = 256 * 1024 * 1024
const answerBytesMax = 32 * 1024 * 1024
/** A path that so many filters asked for is indexed in memory, where that saves the reading of many rows: */
const askedOften = 3
const askedRowsMin = 2_000
/** in sets of at most so many rows for each time, since to make an index takes several times as long as to read the rows, and others wait. */
const rowsPerTime = 25_000
/** A smaller part is read as quickly as its index is made. */
const ownRowsMin = 256
const askedPathsMax = 10_000

/**
 * The field indexes that are in memory, whatever number of versions look at them: those of field parts, read when first asked for, and those that
 * were made here because a path is declared or was often asked for and the part has none. The latter are never stored.
 */
export class FieldIndexes {
  readonly #indexes = new ByteCache<FieldIndex>(fieldIndexBytesMax)
  readonly #answers = new ByteCache<Bounds>(answerBytesMax)
  /** How often a path was asked for, the longest ago first. */
  readonly #asked = new Map<string, number>()

  /** Notes that a filter asks for these paths. Returns for each how many rows a set may have that is worth an index in memory. */
  ask(collection: CollectionState, paths: readonly string[]): ReadonlyMap<string, number> {
    return new Map(
      paths.map((path) => {
        const times = collection.records < askedRowsMin ? 1 : this.#count(`${collection.uuid}\n${path}`)
        const isWanted = times >= askedOften || collection.fields.includes(path)
        return [path, isWanted ? times * rowsPerTime : 0]
      }),
    )
  }

  #count(name: string): number {
    const times = (this.#asked.get(name) ?? 0) + 1
    this.#asked.delete(name)
    this.#asked.set(name, times)
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= askedPathsMax) break
      this.#asked.delete(oldest)
    }
    return times
  }

  /** The index of a path in a field part, where it has one. */
  stored(part: FieldPart, path: string): FieldIndex | undefined {
    const name = `${part.key}\n${path}`
    const known = this.#indexes.get(name)
    if (known) return known
    const index = part.index(path)
    if (index) this.#indexes.set(name, index, part.sizeBytes(path))
    return index
  }

  /** Indexes of a sealed set that are in memory only. Those that are missing are made: the rows are read once for all of them. */
  make(set: RowSet, paths: readonly string[]): Map<string, FieldIndex> {
    const found = new Map<string, FieldIndex>()
    if (paths.length === 0 || set.key === null || set.rows < ownRowsMin) return found
    const missing: string[] = []
    for (const path of pathsInText(paths, set.columnKeys())) {
      const index = this.#indexes.get(`${set.key}\n${path}`)
      if (index) found.set(path, index)
      else missing.push(path)
    }
    if (missing.length === 0) return found
    const rows = Array.from({ length: set.rows }, (_, slot) => ({ set, slot }))
    indexRows(rows, { paths: missing, texts: [] }).paths.forEach((sections, place) => {
      const bytes = sections.reduce((sum, section) => sum + section.bytes.byteLength, 0)
      const index = indexOver(rows.length, sections)
      this.#indexes.set(`${set.key}\n${missing[place]!}`, index, bytes)
      found.set(missing[place]!, index)
    })
    return found
  }

  /** What is known of a question about the rows of a sealed set, dead ones included: it holds in every version that has the set. */
  answer(set: RowSet, question: string): Bounds | undefined {
    return set.key === null ? undefined : this.#answers.get(`${set.key}\n${question}`)
  }

  keepAnswer(set: RowSet, question: string, bounds: Bounds): void {
    if (set.key === null) return
    const bytes = (bounds.lower === bounds.upper ? 1 : 2) * bounds.lower.byteLength + 2 * question.length
    this.#answers.set(`${set.key}\n${question}`, bounds, bytes)
  }
}
