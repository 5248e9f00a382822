import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
  const data = [
    { n: 1, s: 'x', d: '2024-01-01', v: [1, 2], A: [{ n: 2, B: { s: 'y' } }] },
    { n: [1, 2], s: ['x', 'y'] },
  ]
  await on.call('POST', '/api/v1/records/import/json', { body: { label: 'A', data } })
})
afterAll(() => on.close())

/** Words of queries, and names that objects have anyway. */
const words = fc.constantFrom(
  ...[
    'labels',
    'where',
    'select',
    'aggregate',
    'groupBy',
    'orderBy',
    'skip',
    'limit',
    'n',
    's',
    'd',
    'v',
    'A',
    'B',
    '__proto__',
    'constructor',
  ],
  ...[
    '$and',
    '$or',
    '$not',
    '$nor',
    '$xor',
    '$eq',
    '$ne',
    '$in',
    '$nin',
    '$gt',
    '$lte',
    '$contains',
    '$startsWith',
    '$exists',
    '$type',
  ],
  ...[
    '$year',
    '$month',
    '$id',
    '__id',
    '__label',
    '$alias',
    '$relation',
    '$cycle',
    '$vector',
    'hops',
    'min',
    'max',
    'type',
    'direction',
  ],
  ...[
    '$sum',
    '$avg',
    '$count',
    '$collect',
    '$timeBucket',
    '$ref',
    '$add',
    '$divide',
    '$precision',
    'from',
    'label',
    'field',
    'unit',
    'fn',
  ],
  ...['alias', 'query', 'threshold', 'unique', 'size', 'granularity', '', '.', '$', 'a.b'],
)
const texts = fc.oneof(
  words,
  fc.constantFrom(
    '$record',
    '$record.n',
    '$record.',
    '$a',
    '$a.s',
    '*',
    'asc',
    'desc',
    'sum',
    'collect',
    'gds.similarity.cosine',
    'day',
    'months',
    '2024-01-01',
    'out',
  ),
)
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    texts,
    fc.constantFrom<unknown>(null, true, 0, 1, -1, 2.5, 1e300),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(words, tie('value')), { maxLength: 3 }).map(Object.fromEntries),
  ),
})).value
const object = fc.array(fc.tuple(words, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as object)
const body = fc.oneof(
  value,
  fc.record({ where: object, select: object, groupBy: fc.array(texts, { maxLength: 2 }), orderBy: value }, { requiredKeys: [] }),
  fc.record({ where: object, aggregate: object }, { requiredKeys: ['where'] }),
)

it('no query is too strange to be answered or refused', async () => {
  const paths = [
    '/records/search',
    '/records/0190b5a0-0000-7000-8000-000000000000/search',
    '/records/export/csv',
    '/records/__proto__/search',
  ]
  const property = fc.asyncProperty(fc.constantFrom(...paths), body, async (path, query) => {
    const { status, text } = await on.call('POST', `/api/v1${path}`, { body: JSON.stringify(query) })
    expect([200, 400], `${path} ${JSON.stringify(query)} ${text}`).toContain(status)
  })
  await fc.assert(property, { numRuns: 250 })
}, 60_000)
