import { badRequest } from '../problem.js'
import type { PropertyType, PropertyValue, Scalar } from '../stored.js'
import { isDatetime } from './datetime.js'

/** A value with the type that its property gets. */
export interface Typed {
  readonly type: PropertyType
  readonly value: PropertyValue
}

export type Properties = ReadonlyMap<string, Typed>

/** How values are read. */
export interface ReadingOptions {
  /** Default: true. Else every value becomes a text. */
  readonly suggestTypes?: boolean
  /** Texts that are numbers become numbers. */
  readonly convertNumericValuesToNumbers?: boolean
  /** Empty texts and lists are left out. */
  readonly skipEmptyValues?: boolean
  /** Lists of numbers are vectors (clients of 1.x). */
  readonly castNumberArraysToVectors?: boolean
}

export const nameLengthMax = 100
const number = /^\s*[+-]?(\d+[.]?\d*|[.]\d+)(e[+-]?\d+)?\s*$/i

/** Properties of the values that came. Nulls are left out. @throws RushProblem 400 */
export function propertiesOf(data: Readonly<Record<string, unknown>>, options: ReadingOptions): Map<string, Typed> {
  const properties = new Map<string, Typed>()
  for (const [name, value] of Object.entries(data)) {
    const typed = typedOf(checkedName(name), value, options)
    if (typed) properties.set(name, typed)
  }
  return properties
}

/** @throws RushProblem 400 */
export function checkedName(name: string): string {
  if (name !== '' && name.length <= nameLengthMax) return name
  throw badRequest(`"${name.slice(0, nameLengthMax)}" is no name of a property: names have 1 to ${nameLengthMax} characters.`)
}

function typedOf(name: string, value: unknown, options: ReadingOptions): Typed | undefined {
  if (value == null) return undefined
  if (Array.isArray(value)) return typedList(name, value, options)
  const { skipEmptyValues = false } = options
  return skipEmptyValues && value === '' ? undefined : typedScalar(name, value, options)
}

function typedScalar(name: string, value: unknown, options: ReadingOptions): { type: PropertyType; value: Scalar } {
  if (!isScalar(value)) throw badValue(name)
  const { suggestTypes = true, convertNumericValuesToNumbers = false } = options
  if (convertNumericValuesToNumbers && (typeof value === 'number' || isNumeric(value)))
    return { type: 'number', value: Number(value) }
  return suggestTypes ? { type: typeOf(value), value } : { type: 'string', value: String(value) }
}

/** A list has the type of its elements; elements of several types become texts. */
function typedList(name: string, list: readonly unknown[], options: ReadingOptions): Typed | undefined {
  const elements = list.filter((value) => value != null).map((value) => typedScalar(name, value, options))
  if (elements.length === 0) return list.length > 0 || options.skipEmptyValues ? undefined : { type: 'string', value: [] }
  const { type } = elements[0]!
  if (elements.some((element) => element.type !== type))
    return { type: 'string', value: elements.map(({ value }) => String(value)) }
  const value = elements.map((element) => element.value)
  return { type: type === 'number' && options.castNumberArraysToVectors ? 'vector' : type, value }
}

function typeOf(value: Scalar): PropertyType {
  if (typeof value !== 'string') return typeof value === 'number' ? 'number' : 'boolean'
  return isDatetime(value) ? 'datetime' : 'string'
}

/** JSON has no infinite number, but one that is too large is read as that. */
function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

export function isNumeric(value: unknown): value is string {
  return typeof value === 'string' && number.test(value) && Number.isFinite(Number(value))
}

function badValue(name: string) {
  return badRequest(
    `Request validation of body failed, because: "data.${name}" must be a text, a finite number, a boolean, or a list of such`,
  )
}
