import { type Filter, where as conditions } from 'quiverdb'
import type { Unit } from '../project.js'
import { instantOf } from '../records/datetime.js'
import { pathOf, type PropertyType, type Scalar, typeAndName } from '../stored.js'
import { ofProperty } from './property.js'

export interface ValuesQuery {
  readonly where?: Filter
  /** Only values with this text in them, in any case. */
  readonly query?: string
  readonly order?: 'asc' | 'desc'
  readonly skip?: number
  /** Default: 100. */
  readonly limit?: number
}

export interface PropertyValues {
  readonly values: readonly Scalar[]
  /** Of numbers and dates. */
  readonly min?: Scalar
  readonly max?: Scalar
  readonly type: PropertyType
}

/** Different values that are looked at. */
export const valuesMax = 10_000
const limitDefault = 100

/** The different values of a property, in their order; those in lists too. Undefined where no record has it. */
export async function valuesOf(unit: Unit, prop: string, options: ValuesQuery = {}): Promise<PropertyValues | undefined> {
  const { where, query = '', order = 'asc', skip = 0, limit = limitDefault } = options
  const [type, name] = typeAndName(prop)
  const path = pathOf(name)
  const isText = type === 'string' || type === 'datetime'
  const matching = ofProperty(prop, where)
  const searched =
    query !== '' && isText ? conditions().and(matching, { [path]: { $contains: query, $with: { fold: 'case' } } }) : matching
  const found = await unit.records.distinct(path, { where: searched, limit: valuesMax })
  if (found.length === 0) return undefined
  const wanted = query.toLowerCase()
  const values = found.map(({ value }) => value as Scalar).filter((value) => String(value).toLowerCase().includes(wanted))
  if (order === 'desc') values.reverse()
  return { values: values.slice(skip, skip + limit), ...boundsOf(type, values), type }
}

/** The least and the greatest, of what has an order. */
function boundsOf(type: PropertyType, values: readonly Scalar[]): { min?: Scalar; max?: Scalar } {
  if (values.length === 0 || (type !== 'number' && type !== 'datetime')) return {}
  const instant = (value: Scalar): number => (typeof value === 'number' ? value : instantOf(String(value)))
  let [min, max] = [values[0]!, values[0]!]
  for (const value of values) {
    if (instant(value) < instant(min)) min = value
    if (instant(value) > instant(max)) max = value
  }
  return { min, max }
}
