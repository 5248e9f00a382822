import type { MetadataFilter } from './types.js'

/** Whether an item's metadata passes. */
export type MetadataTest = (metadata: Record<string, unknown>) => boolean
/** Undefined: go on with the next operator. */
type OperatorTest = (field: unknown) => boolean | undefined

const all: MetadataTest = () => true

/**
 * Makes a test of a filter, with exactly the meaning that Vectra gives it: its oddities are what programs and its own tests rely on
 * (`docs/VECTRA.md` lists them). Bad operands throw a TypeError when an item gets as far as them.
 */
export function compileFilter(filter: MetadataFilter | null | undefined): MetadataTest {
  if (!filter) return all
  const tests = Object.keys(filter).map((key) => compileKey(key, filter[key]))
  if (tests.length === 1) return tests[0]!
  return (metadata) => {
    for (const test of tests) if (!test(metadata)) return false
    return true
  }
}

function compileKey(key: string, operand: unknown): MetadataTest {
  if (key === '$and' || key === '$or') return compileGroup(key, operand as MetadataFilter[])
  if (operand === undefined || operand === null) return () => false
  if (typeof operand !== 'object') return (metadata) => metadata[key] === operand
  const test = compileField(operand as Record<string, unknown>)
  return (metadata) => {
    const field = metadata[key]
    return field !== undefined && field !== null && test(field)
  }
}

function compileGroup(key: '$and' | '$or', members: readonly MetadataFilter[]): MetadataTest {
  const tests = Array.isArray(members) ? members.map((member) => compileFilter(member as MetadataFilter)) : undefined
  if (!tests) {
    // Refused like Vectra does it: by the method that the operand lacks.
    return key === '$and' ? () => members.every(() => false) : () => members.some(() => false)
  }
  return key === '$and' ? (metadata) => tests.every((test) => test(metadata)) : (metadata) => tests.some((test) => test(metadata))
}

/** The operators on one field, in the order in which they are written: the first that is unknown decides by equality. */
function compileField(operators: Record<string, unknown>): (field: unknown) => boolean {
  const tests = Object.keys(operators).map((operator) => compileOperator(operator, operators[operator]))
  return (field) => {
    for (const test of tests) {
      const decided = test(field)
      if (decided !== undefined) return decided
    }
    return true
  }
}

/** `false` refuses, `undefined` lets the next operator decide. */
const unless = (refused: boolean): boolean | undefined => (refused ? false : undefined)

function compileOperator(operator: string, operand: unknown): OperatorTest {
  const bound = operand as number
  switch (operator) {
    case '$eq':
      return (field) => unless(field !== operand)
    case '$ne':
      return (field) => unless(field === operand)
    // Only what is certainly outside is refused, so a bound that is no number refuses nothing.
    case '$gt':
      return (field) => unless(typeof field !== 'number' || field <= bound)
    case '$gte':
      return (field) => unless(typeof field !== 'number' || field < bound)
    case '$lt':
      return (field) => unless(typeof field !== 'number' || field >= bound)
    case '$lte':
      return (field) => unless(typeof field !== 'number' || field > bound)
    case '$in':
      return (field) => unless(!isIn(field, operand as unknown[]))
    case '$nin':
      return (field) => unless(isExcluded(field, operand as unknown[]))
    default:
      return (field) => field === operand
  }
}

/** A text has to be an element; of anything else its text has to occur in a text of the list. */
function isIn(field: unknown, list: readonly unknown[]): boolean {
  if (typeof field === 'boolean') return false
  if (typeof field === 'string' && !list.includes(field)) return false
  return occursIn(field, list)
}

function isExcluded(field: unknown, list: readonly unknown[]): boolean {
  if (typeof field === 'boolean') return true
  if (typeof field === 'string' && list.includes(field)) return true
  return occursIn(field, list)
}

const occursIn = (field: unknown, list: readonly unknown[]): boolean =>
  list.some((element) => typeof element === 'string' && element.includes(field as string))
