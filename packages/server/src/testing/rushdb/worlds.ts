import fc from 'fast-check'
import type { Database } from 'quiverdb'
import { Project } from '../../http/rushdb/project.js'
import { connect } from '../../http/rushdb/relations/edges.js'
import type { PropertyType, PropertyValue, StoredRecord } from '../../http/rushdb/stored.js'
import type { World } from './naive-where.js'

const names = ['a', 'b', 'c', 'd', 'e', 'f']
/** Ids that sort as they are numbered. */
const idOf = (n: number): string => `0190b5a0-0000-7000-8000-${String(n).padStart(12, '0')}`

const numbers = fc.constantFrom(0, 1, 2, 2.5, -3)
const texts = fc.constantFrom('alpha', 'Alp', 'beta', '', '1')
const dates = fc.constantFrom('2023-01-01', '2023-01-01T00:00:00Z', '2023-06-05T04:03:02.001Z', '2024-01-01T00:00:00Z')
const oneOrSome = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(one, fc.array(one, { maxLength: 3 }))

/** `n`, `s`, `d` and `v`, of several types, some of them missing. */
const properties: fc.Arbitrary<Pick<StoredRecord, 'props' | 'data'>> = fc
  .record(
    {
      n: fc.oneof(typed('number', oneOrSome(numbers)), typed('string', fc.constant('1'))),
      s: fc.oneof(typed('string', oneOrSome(texts)), typed('boolean', fc.boolean())),
      d: fc.oneof(typed('datetime', oneOrSome(dates)), typed('string', dates)),
    },
    { requiredKeys: [] },
  )
  .map((found) => {
    const entries = Object.entries(found)
    return {
      props: entries.map(([name, [type]]) => `${type}:${name}`),
      data: Object.fromEntries(entries.map(([name, [, value]]) => [name, value])),
    }
  })

function typed<T extends PropertyValue>(type: PropertyType, value: fc.Arbitrary<T>): fc.Arbitrary<[PropertyType, PropertyValue]> {
  return value.map((one) => [type, one])
}

const label = fc.constantFrom('A', 'B', 'C', undefined)

export const worlds: fc.Arbitrary<World> = fc
  .array(fc.tuple(label, properties), { minLength: 1, maxLength: names.length })
  .chain((found) => {
    const records = found.map(([of, rest], n): StoredRecord => ({ id: idOf(n), ...(of !== undefined && { label: of }), ...rest }))
    const end = fc.nat({ max: records.length - 1 }).map(idOf)
    const edge = fc.record({ source: end, target: end, type: fc.constantFrom('X', 'Y') })
    const edges = fc.uniqueArray(edge, { maxLength: 8, selector: ({ source, target, type }) => source + target + type })
    return edges.map((some) => ({ records, edges: some }))
  })

let projects = 0

/** A project of its own that has what the world has. */
export async function projectOf(db: Database, { records, edges }: World): Promise<Project> {
  const project = await Project.open(await db.namespace(`world ${projects++}`))
  await project.run(async (unit) => {
    await unit.records.upsert(records)
    await connect(unit, edges)
  })
  return project
}

const comparison = (operand: fc.Arbitrary<unknown>, ...operators: string[]): fc.Arbitrary<unknown> =>
  fc.tuple(fc.constantFrom(...operators), operand).map(([operator, value]) => ({ [operator]: value }))

const common = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    value,
    fc.constant(null),
    fc.array(value, { minLength: 1, maxLength: 2 }),
    comparison(fc.oneof(value, fc.constant(null)), '$eq', '$ne'),
    comparison(fc.array(value, { minLength: 1, maxLength: 3 }), '$in', '$nin'),
    comparison(
      value.map((one) => [one, null]),
      '$in',
      '$nin',
    ),
    comparison(fc.boolean(), '$exists'),
    comparison(fc.constantFrom('string', 'number', 'datetime', 'null'), '$type'),
  )

const ranges = ['$gt', '$gte', '$lt', '$lte']
const dateObject = fc.constantFrom({ $year: 2023 }, { $year: 2023, $month: 6, $day: 5 }, { $year: 2024, $month: 1 })

/** What may be asked of each property, in groups too. */
const tests = {
  n: grouped(fc.oneof(common(numbers), comparison(numbers, ...ranges), comparison(dates, ...ranges))),
  s: grouped(
    fc.oneof(common(texts), comparison(fc.constantFrom('alp', 'a', 'A', 'ta', ''), '$contains', '$startsWith', '$endsWith')),
  ),
  d: grouped(fc.oneof(common(dates), dateObject, comparison(dateObject, '$eq', '$ne', ...ranges), comparison(dates, ...ranges))),
  __label: common(fc.constantFrom('A', 'B')).filter((test) => !JSON.stringify(test).includes('$type')),
  $id: comparison(fc.constantFrom('0190', '01', '2'), '$contains', '$startsWith', '$endsWith'),
}

function grouped(test: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const clause = test.filter((one) => typeof one === 'object' && one !== null && !Array.isArray(one))
  return fc.oneof(
    { weight: 4, arbitrary: test },
    fc
      .tuple(fc.constantFrom('$and', '$or', '$not', '$nor', '$xor'), fc.array(clause, { minLength: 1, maxLength: 3 }))
      .map(([group, clauses]) => ({ [group]: clauses })),
    fc
      .tuple(clause, clause)
      .map(([a, b]) => ({ ...(a as object), ...(b as object) }))
      .filter((one) => !('$year' in one)),
  )
}

const hops = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })).map(([min, more]) => ({ min, max: min + more })),
  fc.integer({ min: 1, max: 4 }).map((max) => ({ max })),
)
const walk = { type: fc.constantFrom('X', 'Y'), direction: fc.constantFrom('in', 'out') }
const relation = fc.oneof(fc.constantFrom('X', 'Y'), fc.record({ ...walk, hops }, { requiredKeys: [] }))
const cycle = fc.record(
  {
    ...walk,
    hops: fc.tuple(fc.integer({ min: 2, max: 3 }), fc.nat({ max: 2 })).map(([min, more]) => ({ min, max: min + more })),
  },
  { requiredKeys: ['hops'] },
)

type Entry = readonly [string, unknown]

const leaf: fc.Arbitrary<Entry> = fc.oneof(
  ...Object.entries(tests).map(([name, test]) => test.map((one): Entry => [name, one])),
  cycle.map((one): Entry => ['$cycle', one]),
  fc.constant<Entry>(['B', {}]),
)

/** Any `where`, with groups and related records in each other. */
export const wheres = fc.letrec<{ where: Record<string, unknown>; entry: Entry; block: Entry; group: Entry }>((tie) => ({
  where: fc.array(tie('entry'), { minLength: 1, maxLength: 2 }).map((entries) => Object.fromEntries(entries)),
  entry: fc.oneof({ maxDepth: 2, depthIdentifier: 'where' }, leaf, tie('block'), tie('group')),
  block: fc
    .tuple(fc.constantFrom('A', 'B'), tie('where'), fc.option(relation, { nil: undefined }))
    .map(([of, rest, $relation]): Entry => [of, { ...rest, ...($relation !== undefined && { $relation }) }]),
  group: fc
    .tuple(
      fc.constantFrom('$and', '$or', '$not', '$nor', '$xor'),
      fc.oneof(tie('where'), fc.array(tie('where'), { minLength: 1, maxLength: 2 })),
    )
    .map(([op, clauses]): Entry => [op, clauses]),
})).where
