import type { Comparison, Condition, JsonValue } from '../../filter/condition.js'
import { compileCondition } from '../../filter/evaluate.js'
import { type Bounds, and, andNot, between, complement, exactly, isExact, noRows, or } from '../../filter/fields/bounds.js'
import { comparisonBounds } from '../../filter/fields/comparison-bounds.js'
import { comparedPaths, conditionBounds } from '../../filter/fields/condition-bounds.js'
import { Bitset, forEachBit, wordsFor } from '../../format/bitset.js'
import { columnField } from '../version/column-key.js'
import type { SetState } from '../version/directory.js'
import { readFields, touchesAny } from '../version/fields.js'
import { livingWords } from '../version/index-state.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import { IndexLookup } from './index-lookup.js'
import { parsedFields } from './parsed-rows.js'

/** Longer conditions are answered anew each time. */
const questionLengthMax = 16 * 1024

/** How the questions to a filter were answered so far. */
export interface FilterReport {
  /** Paths of which some rows were answered by an index. */
  readonly indexed: readonly string[]
  /** Rows whose fields were read. */
  readonly evaluated: number
}

/**
 * One condition over the rows of one version of a collection. Field indexes tell which rows surely match and which may; only the rows between
 * are read, one by one, each once while what was found is remembered.
 */
export class RowFilter {
  readonly condition: Condition
  readonly #collection: CollectionState
  readonly #parts: Parts
  readonly #matches: (fields: Record<string, unknown>) => boolean
  readonly #needsVectors: boolean
  readonly #needsId: boolean
  readonly #lookup: IndexLookup
  /** Names the condition among the answers that versions share; undefined where they cannot. */
  readonly question: string | undefined
  readonly #bounds = new Map<SetState, Bounds>()
  #evaluated = 0

  constructor(condition: Condition, collection: CollectionState, parts: Parts) {
    this.condition = condition
    this.#collection = collection
    this.#parts = parts
    this.#matches = compileCondition(condition)
    const fields = new Set<string>()
    for (const { set } of collection.sets) for (const key of set.columnKeys()) fields.add(columnField(key) ?? '')
    fields.delete('')
    this.#needsVectors = touchesAny(condition, [...fields])
    this.#needsId = touchesAny(condition, ['id'])
    this.#lookup = new IndexLookup(collection, parts, comparedPaths(condition))
    const question = JSON.stringify(condition)
    // Which row an id stands for differs between versions.
    this.question = this.#needsId || question.length > questionLengthMax ? undefined : question
  }

  get report(): FilterReport {
    return { indexed: this.#lookup.used, evaluated: this.#evaluated }
  }

  /** Whether one living row matches. */
  matches(state: SetState, slot: number): boolean {
    const { lower, upper } = this.#boundsOf(state)
    const [word, bit] = [slot >>> 5, 1 << (slot & 31)]
    if ((lower[word]! & bit) !== 0) return true
    return (upper[word]! & bit) !== 0 && this.#evaluate(state, slot)
  }

  /** The living rows of a set that match. The bitset is the caller's. */
  matching(state: SetState): Bitset {
    const bounds = this.#refined(state)
    const words = new Uint32Array(wordsFor(state.rows))
    livingWords(Bitset.over(bounds.lower), state.dead, state.rows, words)
    return Bitset.over(words)
  }

  /** Records whose fields are yet to be read to know all that match. */
  unread(): number {
    let unread = 0
    for (const state of this.#collection.sets) {
      const open = between(this.#boundsOf(state))
      if (livingWords(Bitset.over(open), state.dead, state.rows, open) !== 0) unread += Bitset.over(open).count()
    }
    return unread
  }

  /** How many records of the whole version match. */
  count(): number {
    let count = 0
    for (const state of this.#collection.sets) count += this.matching(state).count()
    return count
  }

  /** Bounds that are exact for living rows. */
  #refined(state: SetState): Bounds {
    const bounds = this.#boundsOf(state)
    if (isExact(bounds)) return bounds
    const open = between(bounds)
    const living = new Uint32Array(open.length)
    if (livingWords(Bitset.over(open), state.dead, state.rows, living) === 0) return bounds
    const matched = new Bitset(state.rows)
    forEachBit(living, state.rows, (slot) => {
      if (this.#evaluate(state, slot)) matched.add(slot)
    })
    const lower = or(bounds.lower, matched.words)
    const rest = andNot(bounds.upper, andNot(living, matched.words))
    const refined = and(rest, lower).every((word, i) => word === rest[i]) ? exactly(lower) : { lower, upper: rest }
    this.#bounds.set(state, refined)
    if (this.question !== undefined) this.#parts.fieldIndexes.keepAnswer(state.set, this.question, refined)
    return refined
  }

  #evaluate(state: SetState, slot: number): boolean {
    this.#evaluated++
    const { set } = state
    const fields =
      set.key === null && !this.#needsVectors && !this.#needsId
        ? parsedFields(set, slot)
        : readFields(set, slot, this.#needsVectors)
    if (this.#needsId) fields['id'] = set.id(slot)
    return this.#matches(fields)
  }

  #boundsOf(state: SetState): Bounds {
    const known = this.#bounds.get(state)
    if (known) return known
    const answer = this.question === undefined ? undefined : this.#parts.fieldIndexes.answer(state.set, this.question)
    const bounds = answer ?? this.#asked(state)
    this.#bounds.set(state, bounds)
    return bounds
  }

  #asked(state: SetState): Bounds {
    const indexes = this.#lookup.of(state)
    return conditionBounds(
      this.condition,
      (comparison, wanted) => {
        if (comparison.path === 'id') return this.#byId(state, comparison, wanted)
        const index = indexes.get(comparison.path)
        return index && comparisonBounds(index, comparison, wanted)
      },
      state.rows,
    )
  }

  /** Of living rows: each id is looked up. */
  #byId({ number, rows }: SetState, comparison: Comparison, wanted: boolean): Bounds | undefined {
    const ids = idsAsked(comparison)
    if (!ids) return undefined
    const found = Bitset.over(noRows(rows))
    for (const id of ids) {
      const location = typeof id === 'string' ? this.#collection.find(id) : undefined
      if (location?.state.number === number) found.add(location.slot)
    }
    const isNegation = comparison.op === 'ne' || comparison.op === 'nin'
    return wanted === isNegation ? complement(exactly(found.words), rows) : exactly(found.words)
  }
}

/** The values that an id is to be equal to, or to none of them. */
function idsAsked(comparison: Comparison): readonly JsonValue[] | undefined {
  switch (comparison.op) {
    case 'eq':
    case 'ne':
      return comparison.as || comparison.fold ? undefined : [comparison.value]
    case 'in':
    case 'nin':
      return comparison.substrings || comparison.as || comparison.fold ? undefined : comparison.values
    default:
      return undefined
  }
}
