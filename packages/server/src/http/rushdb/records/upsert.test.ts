import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'

type Value = string | number | (string | number)[]
type Row = { [name: string]: Value }
interface Write {
  readonly label: string
  readonly rows: Row[]
  readonly options: { mergeBy?: string[]; mergeStrategy?: 'append' | 'rewrite' }
}
interface Modelled {
  readonly label: string
  data: Row
}

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const post = (path: string, body: object): Promise<Answer> => on.call('POST', `/api/v1${path}`, { body })

const value = fc.constantFrom<Value>(1, 2, '1', 'a', ['a'], ['a', '1'], [1])
const row = fc.dictionary(fc.constantFrom('x', 'y', 'z.%'), value, { maxKeys: 3 })
const write: fc.Arbitrary<Write> = fc.record({
  label: fc.constantFrom('A', 'B'),
  rows: fc.array(row, { minLength: 1, maxLength: 6 }),
  options: fc.record(
    {
      mergeBy: fc.uniqueArray(fc.constantFrom('x', 'y', 'z.%'), { maxLength: 2 }),
      mergeStrategy: fc.constantFrom('append' as const, 'rewrite' as const),
    },
    { requiredKeys: [] },
  ),
})

/** One row after the other, each looking at all records there are. Returns the record of each row. */
function naively(records: Modelled[], { label, rows, options: { mergeBy, mergeStrategy } }: Write): Modelled[] {
  return rows.map((data) => {
    const names = mergeBy && mergeBy.length > 0 ? mergeBy : Object.keys(data)
    const isUpsert = mergeBy !== undefined || mergeStrategy !== undefined
    const isSame = (record: Modelled): boolean =>
      names.every((name) => name in data && name in record.data && same(data[name], record.data[name]))
    const found = isUpsert && names.length > 0 ? records.filter((record) => record.label === label && isSame(record)) : []
    for (const record of found) record.data = mergeStrategy === 'rewrite' ? { ...data } : { ...record.data, ...data }
    if (found[0]) return found[0]
    const made = { label, data: { ...data } }
    records.push(made)
    return made
  })
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const dataOf = ({ __id, __label, __proptypes, ...data }: Answer['json']): Row => data

describe('upserts', () => {
  it('do what looking at all records for each row would', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 5 }), async (writes) => {
        const run = `run${runs++}`
        const records: Modelled[] = []
        for (const { label, rows, options } of writes) {
          const body = { label: run + label, data: rows, options: { ...options, returnResult: true } }
          const { json } = await post('/records/import/json', body)
          const expected = naively(records, { label: run + label, rows, options })
          expect(json.data.map(dataOf)).toEqual(expected.map(({ data }) => data))
        }
        const stored = await post('/records/search', { labels: [`${run}A`, `${run}B`], orderBy: 'asc', limit: 1000 })
        expect(stored.json.data.map((record: Answer['json']) => [record.__label, dataOf(record)])).toEqual(
          records.map(({ label, data }) => [label, data]),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('of many rows keep the vectors of records, also where texts are embedded', async () => {
    for (const index of [{ external: true, dimensions: 2 }, {}])
      expect((await post('/ai/indexes', { label: 'V', propertyName: 'text', ...index })).status).toBe(201)
    const rows = Array.from({ length: 80 }, (_, slug) => ({ slug, text: `text ${slug}` }))
    const vectors = rows.map(({ slug }) => [{ propertyName: 'text', vector: [1, slug] }])
    expect((await post('/records/import/json', { label: 'V', data: rows, vectors })).status).toBe(201)
    const change = async (changed: object[], strategy: string): Promise<void> => {
      const options = { mergeBy: ['slug'], mergeStrategy: strategy }
      expect((await post('/records/import/json', { label: 'V', data: changed, options })).status).toBe(201)
    }
    const nearest = async (): Promise<unknown> => {
      const query = { labels: ['V'], propertyName: 'text', sourceType: 'external', queryVector: [1, 5], limit: 1 }
      const { json } = await post('/ai/search', query)
      return json.data.map(({ slug, n }: Answer['json']) => [slug, n])
    }
    await change(
      rows.map(({ slug }) => ({ slug, n: slug })),
      'append',
    )
    expect(await nearest()).toEqual([[5, 5]])
    await change(
      rows.map((row) => ({ ...row, n: 1 })),
      'rewrite',
    )
    expect(await nearest()).toEqual([[5, 1]])
    await change(
      rows.map(({ slug }) => ({ slug })),
      'rewrite',
    )
    expect(await nearest()).toEqual([])
  })
})
