import type { Comparison, Condition, JsonValue, PlaceOptions } from './condition.js'
import { jsonEqual } from './equal.js'
import { FieldPath, someTried, type ValueTest } from './places.js'
import { keyOf, operandKey, valueTest } from './value-tests.js'

/** Answers whether the fields of one record match. */
export type Predicate = (fields: Readonly<Record<string, unknown>>) => boolean

/** What is known of one record, or of one element; undefined: neither the condition nor its negation matches. */
type Verdict = (value: unknown) => boolean | undefined

/**
 * Compiles a condition to nested closures, with paths split, lists hashed and patterns compiled once. {@link Condition} is the reference.
 * @throws QuiverError INVALID_FILTER for a pattern or date that no parser would have let through
 */
export function compileCondition(condition: Condition): Predicate {
  const verdict = compile(condition)
  return (fields) => verdict(fields) === true
}

function compile(condition: Condition): Verdict {
  switch (condition.op) {
    case 'always':
      return () => true
    case 'and':
      return every(condition.conditions.map(compile), true)
    case 'or':
      return negate(every(condition.conditions.map(compile), false))
    case 'nor':
      return every(condition.conditions.map(compile), false)
    case 'xor':
      return odd(condition.conditions.map(compile))
    case 'not':
      return negate(compile(condition.condition))
    default:
      return compileComparison(condition)
  }
}

/** Whether all parts have this answer: false as soon as one has the other, else unknown where one is. */
function every(parts: readonly Verdict[], answer: boolean): Verdict {
  return (value) => {
    let isKnown = true
    for (const part of parts) {
      const found = part(value)
      if (found === !answer) return false
      if (found === undefined) isKnown = false
    }
    return isKnown ? true : undefined
  }
}

function odd(parts: readonly Verdict[]): Verdict {
  return (value) => {
    let isOdd = false
    for (const part of parts) {
      const found = part(value)
      if (found === undefined) return undefined
      isOdd = isOdd !== found
    }
    return isOdd
  }
}

function negate(verdict: Verdict): Verdict {
  return (value) => {
    const found = verdict(value)
    return found === undefined ? undefined : !found
  }
}

function compileComparison(comparison: Comparison): Verdict {
  switch (comparison.op) {
    case 'exists':
      return somewhere(comparison, (value) => value !== undefined, !comparison.value)
    case 'size':
      return somewhere(comparison, (value) => Array.isArray(value) && value.length === comparison.value)
    case 'elemMatch': {
      const verdict = compile(comparison.condition)
      const matches: ValueTest = (element) => verdict(element) === true
      return somewhere(comparison, (value) => Array.isArray(value) && value.some(matches))
    }
    case 'all':
      return allOf(comparison)
    default: {
      const test = valueTest(comparison)
      const isNegation = comparison.op === 'ne' || comparison.op === 'nin'
      return somewhere(comparison, (value) => someTried(value, comparison.arrays, test), isNegation)
    }
  }
}

/** Whether the test passes at a place, or the opposite; unknown where nothing is to be tried. */
function somewhere(options: Located, test: ValueTest, isNegation = false): Verdict {
  const some = placesOf(options)
  if (options.missing !== 'unknown') return (value) => some(value, test) !== isNegation
  const passes: ValueTest = (value) => isThere(value) && test(value)
  return (value) => (some(value, isThere) ? some(value, passes) !== isNegation : undefined)
}

function allOf(comparison: Extract<Comparison, { op: 'all' }>): Verdict {
  const wanted = comparison.values.map((value) => operandKey(comparison, value) as JsonValue)
  const scalars = new Set<unknown>(wanted.filter((value) => typeof value !== 'object' || value === null))
  const composites = wanted.filter((value) => typeof value === 'object' && value !== null)
  const some = placesOf(comparison)
  const isUnknown = comparison.missing === 'unknown'
  return (value) => {
    if (isUnknown && !some(value, isThere)) return undefined
    const found = new Set<unknown>()
    const note: ValueTest = (tried) => {
      const key = tried === undefined ? null : keyOf(comparison, tried)
      if (scalars.has(key)) found.add(key)
      else if (typeof key === 'object' && key !== null)
        for (const other of composites) if (!found.has(other) && jsonEqual(key, other)) found.add(other)
      return found.size === scalars.size + composites.length
    }
    const hasAll = some(value, (place) => (!isUnknown || isThere(place)) && someTried(place, comparison.arrays, note))
    return wanted.length > 0 && hasAll
  }
}

type Located = PlaceOptions & { readonly path: string }

/** Asks the places where the path of a comparison ends, until one passes. */
function placesOf({ path, collect }: Located): (value: unknown, test: ValueTest) => boolean {
  const places = new FieldPath(path)
  return collect ? (value, test) => test(places.collect(value)) : (value, test) => places.some(value, test)
}

const isThere: ValueTest = (value) => value !== undefined && value !== null
