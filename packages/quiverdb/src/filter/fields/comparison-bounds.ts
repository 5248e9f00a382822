import { firstAbove, firstAtLeast } from '../../format/sorted.js'
import type { Comparison, JsonType, JsonValue, OrderedValue } from '../condition.js'
import type { ValueTest } from '../places.js'
import { type SingleValued, valueTest } from '../value-tests.js'
import { and, andNot, type Bounds, both, complement, exactly, noRows, or } from './bounds.js'
import { type FieldIndex, isListed, type Mark } from './field-index.js'
import type { Terms } from './terms.js'

/**
 * The rows for which a comparison of the path that an index is of is true, or with `wanted` false is false: those of which neither is known
 * (`missing: 'unknown'`) are in neither. Undefined where the index does not tell.
 */
export function comparisonBounds(index: FieldIndex, comparison: Comparison, wanted = true): Bounds | undefined {
  // What is collected from several places is another value than those of the places.
  if ('collect' in comparison && comparison.collect && comparison.path.includes('.')) return undefined
  const passing = passingRows(index, comparison)
  if (wanted !== isNegation(comparison)) return passing
  const others = complement(passing, index.rows)
  return isUnknownWhereMissing(comparison) ? both(others, exactly(index.mark('valued'))) : others
}

function isNegation(comparison: Comparison): boolean {
  return comparison.op === 'ne' || comparison.op === 'nin' || (comparison.op === 'exists' && !comparison.value)
}

function isUnknownWhereMissing(comparison: Comparison): boolean {
  return 'missing' in comparison && comparison.missing === 'unknown'
}

/** Rows with a place where the comparison, less its negation, passes. */
function passingRows(index: FieldIndex, comparison: Comparison): Bounds {
  switch (comparison.op) {
    case 'exists':
      return exactly(index.mark('existing'))
    case 'size': {
      const found = new Finding(index, comparison)
      found.addTerm(index.sizes, comparison.value)
      return found.bounds()
    }
    case 'elemMatch':
      return { lower: noRows(index.rows), upper: index.mark('list') }
    case 'all': {
      const { values, ...rest } = comparison
      if (values.length === 0) return exactly(noRows(index.rows))
      return values.map((value) => ofOneValue(index, { ...rest, op: 'eq', value })).reduce(both)
    }
    default:
      return ofOneValue(index, comparison)
  }
}

/** Of a list all that the comparison is tried on is known, but not what it is of the list's elements and what the list itself. */
function ofOneValue(index: FieldIndex, comparison: SingleValued): Bounds {
  const found = find(index, comparison)
  if (!comparison.arrays || !index.has('list')) return found
  return { lower: andNot(found.lower, index.mark('list')), upper: found.upper }
}

function find(index: FieldIndex, comparison: SingleValued): Bounds {
  const found = new Finding(index, comparison)
  switch (comparison.op) {
    case 'eq':
    case 'ne':
      if (comparison.as || comparison.fold) found.addTested(valueTest(comparison))
      else found.addValues([comparison.value])
      break
    case 'in':
    case 'nin':
      if (comparison.substrings || comparison.as || comparison.fold) found.addTested(valueTest(comparison))
      else found.addValues(comparison.values)
      break
    case 'startsWith':
      if (comparison.fold) found.addTexts(valueTest(comparison))
      else found.addPrefixed(comparison.value)
      break
    case 'contains':
    case 'endsWith':
    case 'regex':
      found.addTexts(valueTest(comparison))
      break
    case 'type':
      for (const type of comparison.types) found.addType(type)
      break
    default:
      if (typeof comparison.value === 'string' && (comparison.as || comparison.fold || comparison.order))
        found.addTexts(valueTest(comparison))
      else found.addOrdered(comparison.op, comparison.value)
  }
  return found.bounds()
}

type Ordering = 'gt' | 'gte' | 'lt' | 'lte'

/** Rows are collected from marks and terms. */
class Finding {
  readonly #index: FieldIndex
  readonly #skipsNull: boolean
  readonly #lower: Uint32Array
  #extra: Uint32Array | undefined

  constructor(index: FieldIndex, comparison: Comparison) {
    this.#index = index
    this.#skipsNull = isUnknownWhereMissing(comparison)
    this.#lower = noRows(index.rows)
  }

  bounds(): Bounds {
    return this.#extra ? { lower: this.#lower, upper: or(this.#lower, this.#extra) } : exactly(this.#lower)
  }

  addValues(values: readonly JsonValue[]): void {
    const { numbers, texts } = this.#index
    for (const value of values) {
      if (value === null) this.#addNull(true)
      else if (typeof value === 'boolean') this.#add(value ? 'true' : 'false')
      else if (typeof value === 'number') this.addTerm(numbers, value)
      else if (typeof value !== 'string') this.#maybe(Array.isArray(value) ? 'array' : 'object')
      else if (isListed(value)) this.addTerm(texts, value)
      else this.#maybe('unlisted')
    }
  }

  addTerm<V extends number | string>(terms: Terms<V>, value: V): void {
    const at = firstAtLeast(terms, value)
    if (at < terms.count && terms.value(at) === value) this.#addTerms(terms, at, at + 1)
  }

  addOrdered(op: Ordering, bound: OrderedValue): void {
    if (typeof bound === 'boolean') {
      if (holds(op, false, bound)) this.#add('false')
      if (holds(op, true, bound)) this.#add('true')
    } else if (typeof bound === 'number') {
      this.#addTerms(this.#index.numbers, ...termsBy(op, this.#index.numbers, bound))
    } else {
      this.#addTerms(this.#index.texts, ...termsBy(op, this.#index.texts, bound))
      this.#maybe('unlisted')
    }
  }

  /** Texts that begin so follow one another. */
  addPrefixed(prefix: string): void {
    const { texts } = this.#index
    const from = firstAtLeast(texts, prefix)
    let low = from
    let high = texts.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (texts.value(middle).startsWith(prefix)) low = middle + 1
      else high = middle
    }
    this.#addTerms(texts, from, low)
    this.#maybe('unlisted')
  }

  /** Asks every distinct text. */
  addTexts(test: ValueTest): void {
    this.#addPassing(this.#index.texts, test)
    this.#maybe('unlisted')
  }

  /** Asks every distinct value. */
  addTested(test: ValueTest): void {
    if (test(undefined) && !this.#skipsNull) this.#add('missing')
    if (test(null)) this.#addNull(false)
    if (test(false)) this.#add('false')
    if (test(true)) this.#add('true')
    this.#addPassing(this.#index.numbers, test)
    this.addTexts(test)
    this.#maybe('array')
    this.#maybe('object')
  }

  addType(type: JsonType): void {
    const { numbers, texts } = this.#index
    if (type === 'null') this.#addNull(false)
    else if (type === 'number') this.#addTerms(numbers, 0, numbers.count)
    else if (type === 'boolean') this.#add('false', 'true')
    else if (type !== 'string') this.#add(type)
    else {
      this.#addTerms(texts, 0, texts.count)
      this.#add('unlisted')
    }
  }

  /** Null places that are not tried cannot be told from null elements of lists, which are. */
  #addNull(alsoMissing: boolean): void {
    if (!this.#skipsNull) return alsoMissing ? this.#add('null', 'missing') : this.#add('null')
    if (this.#index.has('list')) this.#maybe('null', this.#index.mark('list'))
  }

  #add(...names: readonly Mark[]): void {
    for (const name of names) if (this.#index.has(name)) addWords(this.#lower, this.#index.mark(name))
  }

  #addTerms({ postings }: Terms, from: number, to: number): void {
    if (from < to) postings.mark(from, to, this.#lower)
  }

  #addPassing(terms: Terms, test: ValueTest): void {
    for (let term = 0; term < terms.count; term++) if (test(terms.value(term))) this.#addTerms(terms, term, term + 1)
  }

  /** Rows that are to be looked at. */
  #maybe(name: Mark, among?: Uint32Array): void {
    if (!this.#index.has(name)) return
    this.#extra ??= noRows(this.#index.rows)
    const marked = this.#index.mark(name)
    addWords(this.#extra, among ? and(marked, among) : marked)
  }
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
