import type { Comparison, JsonValue, OrderedValue } from '../condition.js'
import { type Bounds, complement, exactly, isExact, noRows, or } from './bounds.js'
import { type FieldIndex, isListed, type Mark } from './field-index.js'
import { firstAbove, firstAtLeast, type Terms } from './terms.js'

type Ordering = 'gt' | 'gte' | 'lt' | 'lte'

/** The rows that match a comparison of the path that an index is of; undefined where the index does not know. */
export function comparisonBounds(index: FieldIndex, comparison: Comparison): Bounds | undefined {
  switch (comparison.op) {
    case 'eq':
      return amongValues(index, [comparison.value])
    case 'ne':
      return complement(amongValues(index, [comparison.value]), index.rows)
    case 'in':
      return amongValues(index, comparison.values)
    case 'nin':
      return complement(amongValues(index, comparison.values), index.rows)
    case 'exists': {
      const existing = exactly(index.mark('existing'))
      return comparison.value ? existing : complement(existing, index.rows)
    }
    default:
      return inOrder(index, comparison.op, comparison.value)
  }
}

/** Rows are collected from marks and terms. */
class Finding {
  readonly #index: FieldIndex
  readonly #lower: Uint32Array
  #extra: Uint32Array | undefined

  constructor(index: FieldIndex) {
    this.#index = index
    this.#lower = noRows(index.rows)
  }

  add(...names: readonly Mark[]): void {
    for (const name of names) if (this.#index.has(name)) addWords(this.#lower, this.#index.mark(name))
  }

  /** Rows that are to be looked at. */
  maybe(name: Mark): void {
    if (!this.#index.has(name)) return
    this.#extra ??= noRows(this.#index.rows)
    addWords(this.#extra, this.#index.mark(name))
  }

  addTerms({ postings }: Terms, from: number, to: number): void {
    if (from < to) postings.mark(from, to, this.#lower)
  }

  addTerm<V extends number | string>(terms: Terms<V>, value: V): void {
    const at = firstAtLeast(terms, value)
    if (at < terms.count && terms.value(at) === value) this.addTerms(terms, at, at + 1)
  }

  bounds(): Bounds {
    return this.#extra ? { lower: this.#lower, upper: or(this.#lower, this.#extra) } : exactly(this.#lower)
  }
}

/** Rows with a value that is equal to one of those given. */
function amongValues(index: FieldIndex, values: readonly JsonValue[]): Bounds {
  const found = new Finding(index)
  for (const value of values) {
    if (value === null) found.add('null', 'missing')
    else if (typeof value === 'boolean') found.add(value ? 'true' : 'false')
    else if (typeof value === 'number') found.addTerm(index.numbers, value)
    else if (typeof value !== 'string') found.maybe(Array.isArray(value) ? 'array' : 'object')
    else if (isListed(value)) found.addTerm(index.texts, value)
    else found.maybe('unlisted')
  }
  return found.bounds()
}

function inOrder(index: FieldIndex, op: Ordering, bound: OrderedValue): Bounds {
  const found = new Finding(index)
  if (typeof bound === 'boolean') {
    if (holds(op, false, bound)) found.add('false')
    if (holds(op, true, bound)) found.add('true')
  } else if (typeof bound === 'number') {
    found.addTerms(index.numbers, ...termsBy(op, index.numbers, bound))
  } else {
    found.addTerms(index.texts, ...termsBy(op, index.texts, bound))
    found.maybe('unlisted')
  }
  return found.bounds()
}

function termsBy<V extends number | string>(op: Ordering, terms: Terms<V>, bound: V): [from: number, to: number] {
  if (op === 'gt') return [firstAbove(terms, bound), terms.count]
  if (op === 'gte') return [firstAtLeast(terms, bound), terms.count]
  return [0, op === 'lt' ? firstAtLeast(terms, bound) : firstAbove(terms, bound)]
}

function holds(op: Ordering, value: boolean, bound: boolean): boolean {
  if (value === bound) return op === 'gte' || op === 'lte'
  return value > bound ? op === 'gt' || op === 'gte' : op === 'lt' || op === 'lte'
}

function addWords(words: Uint32Array, more: Uint32Array): void {
  for (let i = 0; i < words.length; i++) words[i]! |= more[i]!
}
