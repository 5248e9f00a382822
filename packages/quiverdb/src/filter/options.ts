import type { Comparison } from './condition.js'
import type { WhereOptions } from './where-types.js'

export type ComparisonOp = Comparison['op']

/** The values that each option of a comparison may have. */
export const optionValues = {
  arrays: ['whole', 'elements'],
  collect: [true],
  missing: ['unknown'],
  as: ['date'],
  fold: ['case', 'accents', 'both'],
  order: ['codePoint'],
  substrings: [true],
} as const satisfies { [name in OptionName]: readonly WhereOptions[name][] }

export type OptionName = keyof WhereOptions

const place = ['arrays', 'collect', 'missing'] as const
const values = [...place, 'as', 'fold'] as const
const ordered = [...values, 'order'] as const
const list = [...values, 'substrings'] as const
const text = [...place, 'fold'] as const
const array = ['collect', 'missing'] as const

/** The options that each operator knows. */
export const optionsOf: Record<ComparisonOp, readonly OptionName[]> = {
  eq: values,
  ne: values,
  gt: ordered,
  gte: ordered,
  lt: ordered,
  lte: ordered,
  in: list,
  nin: list,
  all: values,
  contains: text,
  startsWith: text,
  endsWith: text,
  regex: place,
  type: place,
  size: array,
  elemMatch: array,
  exists: [],
}

/** The options that a comparison has; undefined where it has none. */
export function optionsGiven(comparison: Comparison): WhereOptions | undefined {
  const given: WhereOptions = comparison as WhereOptions
  const found = optionNames.filter((name) => given[name] !== undefined)
  return found.length === 0 ? undefined : Object.fromEntries(found.map((name) => [name, given[name]]))
}

const optionNames = Object.keys(optionValues) as OptionName[]
