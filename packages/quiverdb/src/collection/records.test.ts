import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Database } from '../index.js'

let db: Database
let records: Collection
let numbered = 0

beforeAll(async () => {
  db = await open('memory:')
  records = await db.collection('records', { indexes: [{ field: 'embedding', dimensions: 3 }] })
})
afterAll(() => db.close())

const fresh = (): Promise<Collection> => db.collection(`c${numbered++}`)

describe('fields', () => {
  /** Keys that once were special somewhere. */
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '$eq', 'a.b', '', '0', 'length'))
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).object

  it('come back exactly as written, keys in their order', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (fields) => {
        const { id: _, $vectors: __, embedding: ___, ...written } = fields
        await records.upsert([{ ...written, id: 'p' }])
        const read = await records.get('p')
        expect(JSON.stringify(read)).toBe(JSON.stringify({ id: 'p', ...written }))
      }),
      { numRuns: 150 },
    )
  })

  it('may be named __proto__', async () => {
    const fields = JSON.parse('{"__proto__":{"polluted":true},"inner":{"__proto__":1}}') as Record<string, unknown>
    await records.upsert([{ ...fields, id: 'proto' }])
    const read = (await records.get('proto'))!
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
    expect(Object.keys(read)).toEqual(['id', '__proto__', 'inner'])
    expect(Object.getOwnPropertyDescriptor(read, '__proto__')?.value).toEqual({ polluted: true })
    const [projected] = (await records.list({ where: { id: 'proto' }, fields: ['__proto__'] })).records
    expect(JSON.stringify(projected)).toBe('{"id":"proto","__proto__":{"polluted":true}}')
  })

  it('leave out undefined, take dates as text and typed arrays as lists', async () => {
    await records.upsert([{ id: 'j', gone: undefined, list: [undefined, 1], when: new Date(0), bytes: Uint8Array.of(1, 2) }])
    expect(await records.get('j')).toStrictEqual({ id: 'j', list: [null, 1], when: '1970-01-01T00:00:00.000Z', bytes: [1, 2] })
  })

  it('are copied: later changes of what was given or read do not reach the store', async () => {
    const given = { id: 'copy', tags: ['a'] }
    await records.upsert([given])
    given.tags.push('b')
    const read = (await records.get('copy')) as { id: string; tags: string[] }
    read.tags.push('c')
    expect(await records.get('copy')).toEqual({ id: 'copy', tags: ['a'] })
  })
})

describe('vectors in fields', () => {
  const number = fc.double({ noNaN: true, min: -1e15, max: 1e15 })

  it('keep every number as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(number, number, number), async (embedding) => {
        if (embedding.every((value) => Math.fround(value) === 0)) return
        await records.upsert([{ id: 'v', before: 1, embedding, after: 2 }])
        const read = (await records.get('v'))!
        expect(Object.keys(read)).toEqual(['id', 'before', 'embedding', 'after'])
        expect((read['embedding'] as number[]).every((value, i) => Object.is(value, embedding[i]))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('come back as plain lists from typed arrays, and from nested fields', async () => {
    const nested = await fresh()
    await nested.createIndex({ field: 'meta.embedding', dimensions: 2 })
    await nested.upsert([
      { id: 'a', meta: { embedding: Float32Array.of(0.1, 0.2), source: 'x' } },
      { id: 'b', meta: { embedding: Float64Array.of(0.1, 0.2) } },
    ])
    expect(await nested.get('a')).toEqual({ id: 'a', meta: { embedding: [Math.fround(0.1), Math.fround(0.2)], source: 'x' } })
    expect(await nested.get('b')).toEqual({ id: 'b', meta: { embedding: [0.1, 0.2] } })
  })

  it('may be absent or null', async () => {
    await records.upsert([{ id: 'none' }, { id: 'null', embedding: null }])
    expect(await records.getMany(['none', 'null'])).toEqual([{ id: 'none' }, { id: 'null', embedding: null }])
  })
})

describe('ids', () => {
  it('are any text up to 1,024 bytes', async () => {
    const all = await fresh()
    const ids = [
      'a',
      'A',
      ' ',
      '\u00e4',
      'a\u0308',
      '日本',
      '🦜',
      '__proto__',
      'a/b',
      '..',
      '\u0000',
      'x'.repeat(1024),
      '\ufeffbom',
    ]
    await all.upsert(ids.map((id, n) => ({ id, n })))
    expect(await all.count()).toBe(ids.length)
    expect(await all.getMany(ids)).toEqual(ids.map((id, n) => ({ id, n })))
    expect((await all.list()).records.map(({ id }) => id)).toEqual([...ids].sort())
  })

  it('are made in ascending order where none is given', async () => {
    const made = await fresh()
    const { ids } = await made.upsert(Array.from({ length: 500 }, (_, n) => ({ n })))
    const { ids: later } = await made.upsert([{ n: 500 }])
    expect([...ids, ...later]).toEqual([...ids, ...later].sort())
    expect(new Set(ids).size).toBe(500)
    expect((await made.list({ limit: 1000 })).records.map(({ n }) => n)).toEqual(Array.from({ length: 501 }, (_, n) => n))
  })
})

describe('upsert', () => {
  it('replaces the whole record', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a', x: 1, y: 1 }])
    await some.upsert([{ id: 'a', x: 2 }])
    expect(await some.get('a')).toEqual({ id: 'a', x: 2 })
    expect(await some.count()).toBe(1)
  })

  it('lets the later of two records with one id win', async () => {
    const some = await fresh()
    const { ids } = await some.upsert([
      { id: 'a', n: 1 },
      { id: 'a', n: 2 },
    ])
    expect(ids).toEqual(['a', 'a'])
    expect(await some.get('a')).toEqual({ id: 'a', n: 2 })
    expect(await some.count()).toBe(1)
  })

  it('of nothing changes nothing', async () => {
    const version = await db.version()
    expect(await records.upsert([])).toEqual({ ids: [], version })
    expect(await db.version()).toBe(version)
  })

  it('of a batch too large for the log reads the same', async () => {
    const large = await fresh()
    await large.createIndex({ field: 'embedding', dimensions: 2 })
    const text = 'x'.repeat(500)
    const rows = Array.from({ length: 2000 }, (_, n) => ({ id: `r${n}`, n, text, embedding: [n + 0.1, 1] }))
    await large.upsert([{ id: 'r7', n: -1 }])
    await large.upsert([...rows, { id: 'r3', n: -3 }])
    expect(await large.count()).toBe(2000)
    expect(await large.getMany(['r0', 'r3', 'r7', 'r1999', 'r2000'])).toEqual([
      rows[0],
      { id: 'r3', n: -3 },
      rows[7],
      rows[1999],
      null,
    ])
  })
})

describe('update', () => {
  it('replaces the named fields, removes undefined ones and keeps the rest', async () => {
    await records.upsert([{ id: 'u', a: 1, b: { c: 1, d: 2 }, e: 3, embedding: [1, 2, 3] }])
    await records.update('u', { b: { c: 9 }, e: undefined, f: null })
    expect(await records.get('u')).toEqual({ id: 'u', a: 1, b: { c: 9 }, embedding: [1, 2, 3], f: null })
    const { hits } = await records.search({ vector: [1, 2, 3], limit: 1 })
    expect(hits[0]).toMatchObject({ id: 'u', record: { f: null } })
  })

  it('replaces and removes a vector', async () => {
    await records.upsert([{ id: 'w', embedding: [-5, 0, 0] }])
    await records.update('w', { embedding: [0, -5, 0.1] })
    expect(await records.get('w')).toEqual({ id: 'w', embedding: [0, -5, 0.1] })
    expect((await records.search({ vector: [0, -5, 0.1], limit: 1 })).hits[0]!.id).toBe('w')
    await records.update('w', { embedding: undefined })
    expect(await records.get('w')).toEqual({ id: 'w' })
    expect((await records.search({ vector: [0, -5, 0.1], limit: 1000 })).hits.map(({ id }) => id)).not.toContain('w')
  })

  it('takes several records, all or none, one record several times', async () => {
    await records.upsert([
      { id: 'm1', n: 1 },
      { id: 'm2', n: 1 },
    ])
    await records.update([
      { id: 'm1', n: 2 },
      { id: 'm2', n: 2 },
      { id: 'm1', x: 1 },
    ])
    expect(await records.getMany(['m1', 'm2'])).toEqual([
      { id: 'm1', n: 2, x: 1 },
      { id: 'm2', n: 2 },
    ])
    await expect(records.update([{ id: 'm1', n: 3 }, { id: 'absent' }])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await records.get('m1')).toMatchObject({ n: 2 })
  })

  it('sets and removes vectors of external indexes', async () => {
    const some = await db.collection('external', {
      indexes: [{ name: 'title', field: 'title', source: 'external', dimensions: 2 }],
    })
    await some.upsert([{ id: 'a', title: 'x', $vectors: { title: [1, 0] } }])
    await some.update('a', { title: 'y' })
    expect(await some.get('a', { vectors: true })).toEqual({ id: 'a', title: 'y', $vectors: { title: [1, 0] } })
    await some.update('a', { $vectors: { title: [0, 1] } })
    expect(await some.get('a', { vectors: true })).toEqual({ id: 'a', title: 'y', $vectors: { title: [0, 1] } })
    await some.update('a', { $vectors: { title: null } })
    expect(await some.get('a', { vectors: true })).toEqual({ id: 'a', title: 'y', $vectors: {} })
  })
})

describe('delete', () => {
  it('removes what is there and says how much that was', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a' }, { id: 'b' }, { id: 'c' }])
    expect(await some.delete(['a', 'b', 'a', 'absent'])).toMatchObject({ deleted: 2 })
    expect(await some.delete('c')).toMatchObject({ deleted: 1 })
    expect(await some.delete('c')).toMatchObject({ deleted: 0 })
    expect(await some.count()).toBe(0)
    expect(await some.get('a')).toBeNull()
  })
})

describe('list and count', () => {
  it('page through everything in the order of ids, whatever lies where', async () => {
    const some = await fresh()
    const ids = Array.from({ length: 137 }, (_, n) => `r${(n * 7919) % 1000}`)
    for (let first = 0; first < ids.length; first += 30)
      await some.upsert(ids.slice(first, first + 30).map((id) => ({ id, n: id.length })))
    await some.delete(ids.slice(0, 5))
    await some.update(ids[6]!, { n: 'changed' })
    const seen: string[] = []
    for (let after: string | undefined; ;) {
      const page = await some.list({ limit: 10, after })
      seen.push(...page.records.map(({ id }) => id))
      if (!(after = page.next)) break
    }
    expect(seen).toEqual(ids.slice(5).sort())
    expect(await some.count({ where: { n: 4 } })).toBe(ids.slice(5).filter((id) => id.length === 4 && id !== ids[6]).length)
    expect(await some.count({ where: { id: { $gte: 'r5' } } })).toBe(seen.filter((id) => id >= 'r5').length)
  })

  it('have no next page when the last one is exactly full', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a' }, { id: 'b' }])
    expect(await some.list({ limit: 2 })).toEqual({ records: [{ id: 'a' }, { id: 'b' }] })
    expect(await some.list({ limit: 1 })).toEqual({ records: [{ id: 'a' }], next: 'a' })
    expect(await some.list({ after: 'b' })).toEqual({ records: [] })
  })

  it('find by what is in a vector field', async () => {
    const some = await fresh()
    await some.createIndex({ field: 'embedding', dimensions: 2 })
    await some.upsert([{ id: 'a', embedding: [1, 2] }, { id: 'b', embedding: [3, 4] }, { id: 'c' }])
    expect(await some.count({ where: { embedding: { $exists: true } } })).toBe(2)
    expect((await some.list({ where: { embedding: [3, 4] } })).records).toEqual([{ id: 'b', embedding: [3, 4] }])
    expect(await some.count({ where: { 'embedding.0': { $gt: 2 } } })).toBe(1)
  })
})

describe('getMany and projection', () => {
  it('answer in the order asked, null where there is none', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a' }, { id: 'b' }])
    expect(await some.getMany(['b', 'x', 'a', 'b'])).toEqual([{ id: 'b' }, null, { id: 'a' }, { id: 'b' }])
    expect(await some.getMany([])).toEqual([])
  })

  it('show only the named paths, and the id', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a', x: 1, 'dotted.name': 1, deep: { one: 1, two: { three: 3, four: 4 } }, list: [{ y: 1 }] }])
    expect(await some.get('a', { fields: ['x', 'deep.two.three', 'absent', 'deep.none', 'id'] })).toEqual({
      id: 'a',
      x: 1,
      deep: { two: { three: 3 } },
    })
    expect(await some.get('a', { fields: [] })).toEqual({ id: 'a' })
    expect(await some.get('a', { fields: ['deep', 'deep.one'] })).toEqual({
      id: 'a',
      deep: { one: 1, two: { three: 3, four: 4 } },
    })
    expect(await some.get('a', { fields: ['deep.one', 'deep.two.four'] })).toEqual({
      id: 'a',
      deep: { one: 1, two: { four: 4 } },
    })
  })
})
