import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comparisonArb, conditionArb, fieldsArb } from '../testing/random-conditions.js'
import type { Comparison, Condition, Fold, JsonValue } from './condition.js'
import { compileCondition } from './evaluate.js'
import { formatWhere } from './format-where.js'
import { instantOf } from './instant.js'
import { optionsOf } from './options.js'
import { pathsOf } from './paths-of.js'
import { parseWhere } from './where.js'

describe('random conditions over random records', () => {
  it('are evaluated as the definitions say', () => {
    let matched = 0
    let cases = 0
    const property = fc.property(conditionArb, fc.array(fieldsArb, { minLength: 4, maxLength: 4 }), (condition, records) => {
      const predicate = compileCondition(condition)
      for (const fields of records) {
        const expected = reading(condition, fields)
        expect(predicate(fields), JSON.stringify({ condition, fields })).toBe(expected === true)
        matched += expected ? 1 : 0
        cases++
      }
    })
    fc.assert(property, { numRuns: 3_000 })
    // Both answers are common, or the cases would say little.
    expect(matched / cases).toBeGreaterThan(0.2)
    expect(matched / cases).toBeLessThan(0.8)
  })

  it('each operator and option alone', () => {
    const recordsArb = fc.array(fieldsArb, { minLength: 4, maxLength: 4 })
    const property = fc.property(comparisonArb, recordsArb, (comparison, records) => {
      for (const fields of records) {
        const expected = reading(comparison, fields) === true
        expect(compileCondition(comparison)(fields), JSON.stringify({ comparison, fields })).toBe(expected)
      }
    })
    fc.assert(property, { numRuns: 4_000 })
  })

  it('are such that each operator now matches and now does not', () => {
    const seen = new Map<string, Set<boolean>>()
    for (const [comparison, fields] of fc.sample(fc.tuple(comparisonArb, fieldsArb), { numRuns: 20_000, seed: 1 }))
      seen.set(comparison.op, (seen.get(comparison.op) ?? new Set()).add(reading(comparison, fields) === true))
    for (const op of Object.keys(optionsOf)) expect(seen.get(op)?.size, op).toBe(2)
  })

  it('survive being written as a filter and read again', () => {
    const property = fc.property(conditionArb, (condition) => {
      expect(parseWhere(JSON.parse(JSON.stringify(formatWhere(condition))))).toEqual(condition)
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it('look at nothing but their paths', () => {
    const property = fc.property(conditionArb, fieldsArb, fieldsArb, (condition, fields, others) => {
      const names = new Set(pathsOf(condition).map((path) => path.split('.')[0]))
      const kept = Object.fromEntries(Object.entries(fields).filter(([name]) => names.has(name)))
      const replaced = { ...Object.fromEntries(Object.entries(others).filter(([name]) => !names.has(name))), ...kept }
      expect(compileCondition(condition)(replaced)).toBe(compileCondition(condition)(fields))
    })
    fc.assert(property, { numRuns: 1_000 })
  })
})

const missing = Symbol('missing')

/** The definitions of Condition read word for word: first all the places, then the values, then the question. Undefined: unknown. */
function reading(condition: Condition, of: unknown): boolean | undefined {
  if (condition.op === 'always') return true
  if (condition.op === 'not') return not(reading(condition.condition, of))
  if ('conditions' in condition) {
    const answers = condition.conditions.map((member) => reading(member, of))
    const any = answers.includes(true) ? true : answers.includes(undefined) ? undefined : false
    const all = answers.includes(false) ? false : answers.includes(undefined) ? undefined : true
    const parity = answers.includes(undefined) ? undefined : answers.filter((answer) => answer).length % 2 === 1
    return { and: all, or: any, nor: not(any), xor: parity }[condition.op]
  }
  return readingOfPlaces(condition, placesOf(condition, of))
}

const not = (answer: boolean | undefined) => (answer === undefined ? undefined : !answer)

function readingOfPlaces(condition: Comparison, places: unknown[]): boolean | undefined {
  if (condition.op === 'exists') return places.some((place) => place !== missing) === condition.value
  const tryable = condition.missing ? places.filter((place) => place !== missing && place !== null) : places
  if (tryable.length === 0) return undefined
  if (condition.op === 'size') return tryable.some((place) => Array.isArray(place) && place.length === condition.value)
  if (condition.op === 'elemMatch')
    return tryable.some((place) => Array.isArray(place) && place.some((item) => reading(condition.condition, item) === true))
  const tried = tryable.flatMap((place) => {
    if (!Array.isArray(place)) return [place]
    return { whole: [place], elements: place as unknown[], both: [place, ...(place as unknown[])] }[condition.arrays ?? 'both']
  })
  if (condition.op === 'ne') return !tried.some((value) => question({ ...condition, op: 'eq' }, value))
  if (condition.op === 'nin') return !tried.some((value) => question({ ...condition, op: 'in' }, value))
  if (condition.op !== 'all') return tried.some((value) => question(condition, value))
  const { values } = condition
  return values.length > 0 && values.every((wanted) => tried.some((value) => isEqual(condition, value, wanted)))
}

function question(condition: Comparison, value: unknown): boolean {
  switch (condition.op) {
    case 'eq':
      return isEqual(condition, value, condition.value)
    case 'in':
      if (!condition.substrings) return condition.values.some((wanted) => isEqual(condition, value, wanted))
      return (
        value !== missing && value !== null && condition.values.some((it) => typeof it === 'string' && it.includes(textOf(value)))
      )
    case 'contains':
      return typeof value === 'string' && like(condition, value).includes(like(condition, condition.value))
    case 'startsWith':
      return typeof value === 'string' && like(condition, value).startsWith(like(condition, condition.value))
    case 'endsWith':
      return typeof value === 'string' && like(condition, value).endsWith(like(condition, condition.value))
    case 'regex':
      return typeof value === 'string' && new RegExp(condition.pattern, condition.flags).test(value)
    case 'type':
      return value !== missing && condition.types.some((type) => type === kindOf(value))
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte': {
      const signs = { gt: [1], gte: [0, 1], lt: [-1], lte: [-1, 0] }[condition.op]
      return signs.includes(order(comparable(condition, value), comparable(condition, condition.value), condition.order))
    }
    default:
      throw new Error(condition.op)
  }
}

function placesOf(condition: Comparison, of: unknown): unknown[] {
  if (condition.path === '') return [of]
  const segments = condition.path.split('.')
  if (!('collect' in condition) || !condition.collect)
    return segments.reduce<unknown[]>((found, segment) => found.flatMap((place) => step(place, segment)), [of])
  return [
    segments.reduce((place, segment) => {
      if (!Array.isArray(place) || isIndex(segment)) return step(place, segment)[0]
      const found = place.filter(isRecord).flatMap((item) => step(item, segment))
      const there = found.filter((item) => item !== missing)
      return there.length > 0 ? there.flat() : missing
    }, of),
  ]
}

const isIndex = (segment: string) => String(parseInt(segment)) === segment
const isRecord = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value)

function step(place: unknown, segment: string): unknown[] {
  if (place === missing || place === null || typeof place !== 'object') return [missing]
  if (!Array.isArray(place)) return [Object.keys(place).includes(segment) ? new Map(Object.entries(place)).get(segment) : missing]
  const items = place as unknown[]
  if (isIndex(segment)) return [parseInt(segment) < items.length ? items[parseInt(segment)] : missing]
  const inner = items.filter(isRecord)
  return inner.length > 0 ? inner.flatMap((item) => step(item, segment)) : [missing]
}

/** Of a text what the options let count; of a date its instant; otherwise the value. */
function comparable({ as, fold }: { as?: 'date'; fold?: Fold }, value: unknown): unknown {
  if (as) return typeof value === 'string' && instantOf(value) !== undefined ? { instant: instantOf(value) } : missing
  return typeof value === 'string' ? like({ fold }, value) : value
}

function like({ fold }: { fold?: Fold }, text: string): string {
  const bare = fold === 'accents' || fold === 'both' ? text.replaceAll('á', 'a') : text
  return fold === 'case' || fold === 'both' ? bare.toLowerCase() : bare
}

function isEqual(options: { as?: 'date'; fold?: Fold }, value: unknown, wanted: JsonValue): boolean {
  if (wanted === null) return value === missing || value === null
  const [a, b] = [comparable(options, value), comparable(options, wanted)]
  return a !== missing && canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${entries.sort().join()}}`
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function textOf(value: unknown): string {
  return String(value)
}

/** -1, 0, 1, or NaN where there is no order. */
function order(a: unknown, b: unknown, by: 'codePoint' | undefined): number {
  if (typeof a !== typeof b) return NaN
  if (typeof a === 'object') return order((a as { instant: number }).instant, (b as { instant: number }).instant, by)
  if (typeof a !== 'string') return Math.sign(Number(a) - Number(b))
  const units = (text: string) =>
    by ? Array.from(text, (character) => character.codePointAt(0)!) : text.split('').map((unit) => unit.charCodeAt(0))
  const [left, right] = [units(a), units(b as string)]
  const at = left.findIndex((unit, i) => unit !== right[i])
  return at === -1 ? Math.sign(left.length - right.length) : Math.sign(left[at]! - (right[at] ?? -1))
}
