import type { WhereInput } from 'quiverdb'
import { badRequest } from '../problem.js'
import { isDatetime } from '../records/datetime.js'
import { propertyTypes, propOf, type PropertyType } from '../stored.js'
import { dateParts, instantOfParts } from './date-object.js'

/** What a test is about: a property of records, or what all of them have. */
export interface Subject {
  readonly path: string
  /** Absent: it is no property, has no type and is never a list. */
  readonly property?: string
  /**
   * Whether false and unknown differ, as they do under a negation. A field that is missing makes everything unknown but what asks for its presence:
   * Kleene's logic, as with SQL's NULL.
   */
  readonly exact: boolean
}

/** Of lists any element counts, and what is missing is unknown. */
const kleene = { arrays: 'elements', missing: 'unknown' } as const
const asDate = { ...kleene, as: 'date' } as const
/** What a filter of the engine takes in one list. */
const listMax = 10_000

type Test = (subject: Subject, operand: unknown, place: string) => WhereInput

const tests: { readonly [operator: string]: Test } = Object.assign(Object.create(null), {
  $eq: equal,
  $ne: (subject, operand, place) => (operand === null ? exists(subject, true) : someDiffers(subject, operand, place)),
  $in: (subject, operand, place) => oneOf(subject, operand, place, '$in'),
  $nin: (subject, operand, place) => oneOf(subject, operand, place, '$nin'),
  $gt: ordered('$gt'),
  $gte: ordered('$gte'),
  $lt: ordered('$lt'),
  $lte: ordered('$lte'),
  $contains: text('$contains'),
  $startsWith: text('$startsWith'),
  $endsWith: text('$endsWith'),
  $exists: (subject, operand, place) => {
    if (typeof operand !== 'boolean') throw badRequest(`"${place}" must be a boolean`)
    return exists(subject, operand)
  },
  $type: ofType,
} satisfies { [operator: string]: Test })

export const comparisonOperators: readonly string[] = Object.keys(tests)

/** The filter for one operator, e.g. `$gt` of `{ year: { $gt: 1955 } }`. @throws RushProblem 400 */
export function comparison(subject: Subject, operator: string, operand: unknown, place: string): WhereInput {
  return tests[operator]!(subject, operand, place)
}

/** A plain value, or a list of which all are to be there. @throws RushProblem 400 */
export function equal(subject: Subject, operand: unknown, place: string): WhereInput {
  if (!Array.isArray(operand)) return equalTo(subject, operand, place)
  if (operand.length === 0) throw badRequest(`"${place}" must not be empty`)
  return { $and: operand.map((value: unknown, i) => equalTo(subject, value, `${place}.${i}`)) }
}

function equalTo(subject: Subject, operand: unknown, place: string): WhereInput {
  if (operand === null) return exists(subject, false)
  const date = dateOf(subject, operand, place)
  if (date !== undefined) return ofDates(subject, { [subject.path]: { $eq: date, $with: asDate } })
  return { [subject.path]: { $eq: scalar(operand, place), $with: kleene } }
}

function exists({ path }: Subject, value: boolean): WhereInput {
  return { [path]: { $exists: value } }
}

/** Of a list it is enough that one element differs; the engine's own `$ne` wants all to. */
function someDiffers(subject: Subject, operand: unknown, place: string): WhereInput {
  const { path, property } = subject
  const date = dateOf(subject, operand, place)
  const value = date ?? scalar(operand, place)
  const options = date === undefined ? kleene : asDate
  if (property === undefined) return { [path]: { $ne: value, $with: options } }
  const one = { $ne: value, ...(date !== undefined && { $with: { as: 'date' as const } }) }
  const differs = {
    $or: [
      { [path]: { $elemMatch: one, $with: { missing: 'unknown' as const } } },
      {
        $and: [
          { [path]: { $ne: value, $with: options } },
          { $not: { [path]: { $size: 0, $with: { missing: 'unknown' as const } } } },
        ],
      },
    ],
  }
  return date === undefined ? differs : ofDates(subject, differs)
}

function oneOf(subject: Subject, operand: unknown, place: string, operator: '$in' | '$nin'): WhereInput {
  if (!Array.isArray(operand) || operand.length === 0) throw badRequest(`"${place}" must be a list of at least one value`)
  const values = operand.filter((value: unknown) => value !== null)
  const dates = values.map((value, i) => dateOf(subject, value, `${place}.${i}`))
  const areDates = dates.some((date) => date !== undefined)
  const listed = dates.map((date, i) => date ?? scalar(values[i], `${place}.${i}`))
  const types = new Set(listed.map((value, i) => (dates[i] === undefined ? typeof value : 'datetime')))
  if (types.size > 1) throw badRequest(`"${place}" must be a list of values of one type, got ${[...types].join(', ')}`)
  const conditions: WhereInput[] = []
  for (let start = 0; start < listed.length; start += listMax) {
    const found = { [subject.path]: { [operator]: listed.slice(start, start + listMax), $with: areDates ? asDate : kleene } }
    conditions.push(areDates ? ofDates(subject, found) : found)
  }
  if (values.length < operand.length) conditions.push(exists(subject, operator === '$nin'))
  return conditions.length === 1 ? conditions[0]! : operator === '$in' ? { $or: conditions } : { $and: conditions }
}

function ordered(operator: '$gt' | '$gte' | '$lt' | '$lte'): Test {
  return (subject, operand, place) => {
    const { path, property } = subject
    if (property === undefined) throw badRequest(`"${place}": ${operator} is not for ids and labels`)
    if (typeof operand === 'number') return { [path]: { [operator]: operand, $with: kleene } }
    const date = dateOf(subject, operand, place) ?? (typeof operand === 'string' && isDatetime(operand) ? operand : undefined)
    if (date === undefined) throw badRequest(`"${place}" must be a number or an ISO8601 datetime`)
    return ofDates(subject, { [path]: { [operator]: date, $with: asDate } })
  }
}

function text(operator: '$contains' | '$startsWith' | '$endsWith'): Test {
  return ({ path }, operand, place) => {
    if (typeof operand !== 'string') throw badRequest(`"${place}" must be a string`)
    return { [path]: { [operator]: operand, $with: operator === '$contains' ? { ...kleene, fold: 'case' } : kleene } }
  }
}

function ofType(subject: Subject, operand: unknown, place: string): WhereInput {
  if (operand === 'null') return exists(subject, false)
  if (!propertyTypes.includes(operand as PropertyType))
    throw badRequest(`"${place}" must be one of ${propertyTypes.join(', ')}, null`)
  const { property } = subject
  if (property === undefined) throw badRequest(`"${place}": $type is not for ids and labels`)
  return known(subject, hasProp(operand as PropertyType, property))
}

/** Dates are compared where the property is one; elsewhere nothing is found. */
function ofDates(subject: Subject, compared: WhereInput): WhereInput {
  return known(subject, { $and: [hasProp('datetime', subject.property!), compared] })
}

export function hasProp(type: PropertyType, property: string): WhereInput {
  return { props: { $eq: propOf(type, property), $with: { arrays: 'elements' } } }
}

/** The condition, unknown where the field is missing. */
function known(subject: Subject, condition: WhereInput): WhereInput {
  return subject.exact ? { $or: [condition, unknownIfMissing(subject.path)] } : condition
}

/** Unknown where the field is missing, else false: no property is an object. */
export function unknownIfMissing(path: string): WhereInput {
  return { [path]: { $type: 'object', $with: { missing: 'unknown' } } }
}

/** The text of a date object; undefined where the operand is none. */
function dateOf({ property }: Subject, operand: unknown, place: string): string | undefined {
  if (typeof operand !== 'object' || operand === null || Array.isArray(operand)) return undefined
  const unknown = Object.keys(operand).find((key) => !dateParts.includes(key))
  if (unknown !== undefined) throw badRequest(`"${place}.${unknown}" is not a part of a datetime`)
  if (property === undefined) throw badRequest(`"${place}" must be a string`)
  return instantOfParts(operand as Record<string, unknown>, place)
}

function scalar(operand: unknown, place: string): string | number | boolean {
  if (typeof operand === 'string' || typeof operand === 'number' || typeof operand === 'boolean') return operand
  throw badRequest(`"${place}" must be a string, a number, a boolean, null or a datetime`)
}
