import type { TextDefinition } from '../../history/commit.js'
import type { FieldPart } from '../../segment/field-part.js'
import type { RowSet } from '../../segment/row-set.js'
import type { Analyser } from '../../text/analyser.js'
import { GrowingTextIndex } from '../../text/growing-text-index.js'
import type { TermRows } from '../../text/postings.js'
import { SealedTextIndex, type TextIndex } from '../../text/text-index.js'
import { ByteCache } from './byte-cache.js'

/** Documented limits (`docs/LIMITS.md`). */
export const textIndexBytesMax = 256 * 1024 * 1024
export const textListBytesMax = 128 * 1024 * 1024
/** Of an entry, beside its numbers. */
const entryBytes = 200

/** A text index of one set, and by which name its lists are remembered: undefined where they change. */
export interface NamedTextIndex {
  readonly index: TextIndex
  readonly name: string | undefined
}

/**
 * The text indexes that are in memory, whatever number of versions look at them: those of field parts, those that were made here of parts that have none, and
 * those of rows in memory, which grow with them.
 */
export class TextIndexes {
  readonly #sealed = new ByteCache<NamedTextIndex>(textIndexBytesMax)
  readonly #lists = new ByteCache<TermRows>(textListBytesMax)
  readonly #growing = new WeakMap<RowSet, Map<string, GrowingTextIndex>>()

  /** The index in a field part, where it has one. */
  stored(part: FieldPart, text: TextDefinition): NamedTextIndex | undefined {
    const name = nameOf(part.key, text)
    const known = this.#sealed.get(name)
    if (known) return known
    const found = part.textIndex(text)
    return found && this.#keep(name, found.index, found.sizeBytes)
  }

  /** The index of a set that was made here, where it is done. */
  made(set: RowSet, text: TextDefinition): NamedTextIndex | undefined {
    return set.key === null ? undefined : this.#sealed.get(nameOf(set.key, text))
  }

  /** The index of a set as far as it was made. Whoever needs more of it adds the rows that follow. */
  growing(set: RowSet, text: TextDefinition, analyser: Analyser): GrowingTextIndex {
    let indexes = this.#growing.get(set)
    if (!indexes) this.#growing.set(set, (indexes = new Map()))
    const name = nameOf('', text)
    let index = indexes.get(name)
    if (!index) indexes.set(name, (index = new GrowingTextIndex(analyser)))
    return index
  }

  /** Keeps the index of a sealed set, all of whose rows it has by now, in the form in which a part would have it: it takes a fraction of the memory. */
  seal(set: RowSet, key: string, text: TextDefinition, growing: GrowingTextIndex): NamedTextIndex {
    const sections = new Map(growing.finish().map(({ name, bytes }) => [name, bytes]))
    const sizeBytes = [...sections.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0)
    const index = new SealedTextIndex(growing.rows, {
      has: (name) => sections.has(name),
      read: (name) => sections.get(name)!,
    })
    this.#growing.get(set)?.delete(nameOf('', text))
    return this.#keep(nameOf(key, text), index, sizeBytes)
  }

  /** Where a term is in the rows of a set below `rows`. Lists of sealed sets are decoded once. */
  find({ index, name }: NamedTextIndex, term: string, rows: number): TermRows | undefined {
    if (name === undefined) return index.find(term, rows)
    const listName = `${name}\n${term}`
    const known = this.#lists.get(listName)
    if (known) return known.length === 0 ? undefined : known
    const found = index.find(term, rows)
    const list = found ?? noRows
    this.#lists.set(listName, list, entryBytes + 2 * listName.length + list.byteLength)
    return found
  }

  #keep(name: string, index: SealedTextIndex, sizeBytes: number): NamedTextIndex {
    const named = { index, name }
    this.#sealed.set(name, named, entryBytes + sizeBytes)
    return named
  }
}

const noRows: TermRows = new Uint32Array(0)

function nameOf(key: string, { field, analyser }: TextDefinition): string {
  return `${key}\n${field}\n${analyser}`
}
