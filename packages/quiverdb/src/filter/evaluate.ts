import type { Comparison, Condition, OrderedValue } from './condition.js'
import { jsonEqual, jsonMembership } from './equal.js'

/** Answers whether the fields of one record match. */
export type Predicate = (fields: Readonly<Record<string, unknown>>) => boolean

/** Asked at each place where a path ends; `undefined` is a missing place. */
type PlaceTest = (value: unknown) => boolean

/** Compiles a condition to nested closures, with paths split and lists hashed once. {@link Condition} is the reference. */
export function compileCondition(condition: Condition): Predicate {
  switch (condition.op) {
    case 'always':
      return () => true
    case 'and':
    case 'or':
    case 'nor':
    case 'xor':
      return combine(condition.op, condition.conditions.map(compileCondition))
    case 'not':
      return negate(compileCondition(condition.condition))
    default:
      return compileComparison(condition)
  }
}

function combine(op: 'and' | 'or' | 'nor' | 'xor', parts: readonly Predicate[]): Predicate {
  switch (op) {
    case 'and':
      return (fields) => parts.every((part) => part(fields))
    case 'or':
      return (fields) => parts.some((part) => part(fields))
    case 'nor':
      return (fields) => !parts.some((part) => part(fields))
    case 'xor':
      return (fields) => parts.reduce((odd, part) => odd !== part(fields), false)
  }
}

function negate(predicate: Predicate): Predicate {
  return (fields) => !predicate(fields)
}

function compileComparison(comparison: Comparison): Predicate {
  const { path } = comparison
  switch (comparison.op) {
    case 'eq':
      return anyPlace(path, orElement(equalTo(comparison.value)))
    case 'ne':
      return negate(anyPlace(path, orElement(equalTo(comparison.value))))
    case 'in':
      return anyPlace(path, orElement(oneOf(comparison.values)))
    case 'nin':
      return negate(anyPlace(path, orElement(oneOf(comparison.values))))
    case 'exists': {
      const exists = anyPlace(path, (value) => value !== undefined)
      return comparison.value ? exists : negate(exists)
    }
    default:
      return anyPlace(path, orElement(ordered(comparison.op, comparison.value)))
  }
}

function equalTo(wanted: unknown): PlaceTest {
  if (wanted === null) return (value) => value === null || value === undefined
  if (typeof wanted !== 'object') return (value) => value === wanted
  return (value) => jsonEqual(value, wanted)
}

function oneOf(values: Parameters<typeof jsonMembership>[0]): PlaceTest {
  const isMember = jsonMembership(values)
  const matchesMissing = values.includes(null)
  return (value) => (value === undefined ? matchesMissing : isMember(value))
}

function ordered(op: 'gt' | 'gte' | 'lt' | 'lte', bound: OrderedValue): PlaceTest {
  const type = typeof bound
  switch (op) {
    case 'gt':
      return (value) => typeof value === type && (value as OrderedValue) > bound
    case 'gte':
      return (value) => typeof value === type && (value as OrderedValue) >= bound
    case 'lt':
      return (value) => typeof value === type && (value as OrderedValue) < bound
    case 'lte':
      return (value) => typeof value === type && (value as OrderedValue) <= bound
  }
}

/** Also tries each element of an array. */
function orElement(test: PlaceTest): PlaceTest {
  return (value) => test(value) || (Array.isArray(value) && value.some(test))
}

/** Whether the test passes at any place where the path ends. */
function anyPlace(path: string, test: PlaceTest): Predicate {
  const segments = path.split('.').map((name) => ({ name, index: /^(0|[1-9]\d*)$/.test(name) ? Number(name) : undefined }))
  if (segments.length === 1) return (fields) => test(Object.hasOwn(fields, path) ? fields[path] : undefined)
  return (fields) => testFrom(fields, segments, 0, test)
}

interface Segment {
  readonly name: string
  /** Where the segment is a whole number. */
  readonly index: number | undefined
}

function testFrom(value: unknown, segments: readonly Segment[], depth: number, test: PlaceTest): boolean {
  const segment = segments[depth]
  if (!segment) return test(value)
  if (Array.isArray(value)) {
    if (segment.index !== undefined)
      return segment.index < value.length ? testFrom(value[segment.index], segments, depth + 1, test) : test(undefined)
    const objects = value.filter(isObject)
    return objects.length === 0 ? test(undefined) : objects.some((element) => testFrom(element, segments, depth, test))
  }
  if (!isObject(value) || !Object.hasOwn(value, segment.name)) return test(undefined)
  return testFrom(value[segment.name], segments, depth + 1, test)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
