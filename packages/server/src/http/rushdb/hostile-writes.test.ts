import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serving, type Serving } from '../../testing/serving.js'

let on: Serving
let id: string
let property: string
beforeAll(async () => {
  on = await serving()
  id = (await on.call('POST', '/api/v1/records', { body: { label: 'X', data: { a: 1 } } })).json.data.__id
  property = (await on.call('POST', '/api/v1/properties/search', { body: {} })).json.data[0].id
})
afterAll(() => on.close())

const writes = [
  ['POST', '/records'],
  ['POST', '/records/import/json'],
  ['POST', '/records/import/csv'],
  ['PUT', '/records/:id'],
  ['PATCH', '/records/:id'],
  ['POST', '/properties/:property/values'],
  ['POST', '/ai/schema/md'],
  ['POST', '/auth/login'],
] as const

/** Bodies that are nearly right: the names that are read, with values of any kind. */
const names = [
  'label',
  'data',
  'properties',
  'options',
  'vectors',
  'format',
  'parseConfig',
  'ids',
  'query',
  'where',
  'labels',
  'force',
]
const inner = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    'a,b\n1,2',
    '{"a":1}\n{"b":[{}]}',
    [{ $vectors: [{}] }],
    [[]],
    'X',
    '__proto__',
    -1,
    1e400,
    null,
    '\ud800',
  ),
  fc.constant(JSON.parse('{"__proto__":{"x":1},"constructor":[1,"a",null],"":0,"a.b":[[]]}') as unknown),
  fc.record(
    {
      mergeBy: fc.oneof(fc.array(fc.string(), { maxLength: 3 }), fc.jsonValue()),
      mergeStrategy: fc.constantFrom('append', 'rewrite', 'x'),
      suggestTypes: fc.boolean(),
      capitalizeLabels: fc.boolean(),
      relationshipType: fc.string(),
    },
    { requiredKeys: [] },
  ),
  fc.array(fc.record({ name: fc.string(), type: fc.constantFrom('string', 'number', 'vector'), value: fc.jsonValue() }), {
    maxLength: 3,
  }),
)
const body = fc.oneof(fc.dictionary(fc.constantFrom(...names), inner, { maxKeys: 5 }), fc.jsonValue())

it('answers whatever comes, and never fails at it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...writes), body, async ([method, path], body) => {
      const whole = path.replace(':id', id).replace(':property', property)
      const { status, json } = await on.call(method, `/api/v1${whole}`, { body: JSON.stringify(body) })
      expect(status, JSON.stringify([method, path, body, json])).toBeLessThan(500)
    }),
    { numRuns: 400 },
  )
})
