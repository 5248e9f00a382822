import fc from 'fast-check'
import type { Comparison, Condition, Fold, JsonValue } from '../filter/condition.js'
import { optionsOf, optionValues, type ComparisonOp } from '../filter/options.js'

const textArb = fc.constantFrom('', 'a', 'b', 'A', 'á', '1', 'ab', 'Bá', '2024', '2024-01-01', '\u{1f600}', '\uf000')
const scalarArb = fc.oneof(fc.constantFrom<JsonValue>(null, true, false, 0, 1, 2, -1.5), textArb)
const keyArb = fc.constantFrom('a', 'b', '0', '1')
const pathArb = fc.array(keyArb, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'))

const { value: valueArb } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalarArb,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keyArb, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

/** Fields of a record, of few names and values, so that conditions meet them. */
export const fieldsArb = fc.dictionary(keyArb, valueArb, { maxKeys: 4, noNullPrototype: true })
const dateArb = fc.constantFrom('2024', '2024-01-01', '2024-01-01T00:00Z', '2023-12-31')

/** What each operator compares with, besides its path. */
function operandArb(op: ComparisonOp, inner: fc.Arbitrary<Condition>): fc.Arbitrary<object> {
  switch (op) {
    case 'eq':
    case 'ne':
      return fc.record({ value: valueArb })
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return fc.record({ value: fc.oneof(fc.constantFrom(true, false, 0, 1), textArb) })
    case 'in':
    case 'nin':
    case 'all':
      return fc.record({ values: fc.array(valueArb, { maxLength: 3 }) })
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return fc.record({ value: textArb })
    case 'regex':
      return fc.record(
        { pattern: fc.constantFrom('a', '^b', 'á$', '[ab]+', ''), flags: fc.constantFrom('i', 'm', 'is') },
        { requiredKeys: ['pattern'] },
      )
    case 'type':
      return fc.record({ types: fc.subarray(['null', 'boolean', 'number', 'string', 'array', 'object'], { minLength: 1 }) })
    case 'size':
      return fc.record({ value: fc.nat(3) })
    case 'elemMatch':
      return fc.record({ condition: inner })
    case 'exists':
      return fc.record({ value: fc.boolean() })
  }
}

/** A comparison with some of the options that its operator knows; what is compared as a date is made one. */
function comparisonWith(paths: fc.Arbitrary<string>, inner: fc.Arbitrary<Condition>): fc.Arbitrary<Comparison> {
  return fc.constantFrom(...(Object.keys(optionsOf) as ComparisonOp[])).chain((op) => {
    const options = Object.fromEntries(optionsOf[op].map((name) => [name, fc.constantFrom(...optionValues[name])]))
    const given = fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, fc.record(options, { requiredKeys: [] }))
    return fc.tuple(paths, operandArb(op, inner), given, dateArb).map(([path, operand, found, date]) => {
      const { as, fold, ...rest } = found as { as?: 'date'; fold?: Fold; substrings?: true }
      const kept = { ...rest, ...(!rest.substrings && { ...(as && { as }), ...(fold && { fold }) }) }
      const dated = !('as' in kept) ? {} : 'values' in operand ? { values: [date, null] } : { value: date }
      return { op, path, ...operand, ...dated, ...kept } as Comparison
    })
  })
}

function conditionOver(comparison: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  return fc.letrec<{ condition: Condition }>((tie) => {
    const conditions = fc.array(tie('condition'), { minLength: 1, maxLength: 3 })
    return {
      condition: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        { weight: 4, arbitrary: comparison },
        fc.constant<Condition>({ op: 'always' }),
        fc.record({ op: fc.constantFrom('and' as const, 'or' as const, 'nor' as const, 'xor' as const), conditions }),
        fc.record({ op: fc.constant('not' as const), condition: tie('condition') }),
      ),
    }
  }).condition
}

const elementPathArb = fc.oneof(fc.constant(''), pathArb)
const innermostArb = conditionOver(comparisonWith(elementPathArb, fc.constant<Condition>({ op: 'always' })))
/** Every operator with its options. */
export const comparisonArb = comparisonWith(pathArb, conditionOver(comparisonWith(elementPathArb, innermostArb)))
export const conditionArb = conditionOver(comparisonArb)
