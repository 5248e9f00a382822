import { Model, RushDB } from '@rushdb/javascript-sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../testing/serving.js'
import { ApiKeys } from '../keys/api-keys.js'

/** The client that npm has, unchanged, against a server with keys. It is one of 1.x: it sends its key as `token`. */
const folder = mkdtempSync(join(tmpdir(), 'quiver-sdk-'))
let on: Serving
let db: RushDB
beforeAll(async () => {
  const keys = await ApiKeys.open(folder)
  const { key } = await keys.create({ role: 'write', namespaces: ['app'] })
  on = await serving({ keys })
  db = new RushDB(key, { url: on.url })
  await db.waitForInitialization()
})
afterAll(async () => {
  await on.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  const { data } = await db.labels.find({})
  for (const label of Object.keys(data)) await db.records.delete({ labels: [label] })
})

const book = (title: string, year: number) => ({ title, year })

describe('records', () => {
  it('are created, read, changed and deleted', async () => {
    const made = await db.records.create({
      label: 'BOOK',
      data: { ...book('Ulysses', 1922), read: true, published: '1922-02-02' },
    })
    expect(made.label()).toBe('BOOK')
    expect(made.proptypes()).toEqual({ title: 'string', year: 'number', read: 'boolean', published: 'datetime' })
    expect(Math.abs(made.timestamp() - Date.now())).toBeLessThan(60_000)
    const found = await db.records.findById(made.id())
    expect(found.data).toMatchObject(book('Ulysses', 1922))
    await made.update({ year: 1923 })
    expect((await db.records.findById(made.id())).data).toMatchObject({ title: 'Ulysses', year: 1923, read: true })
    await made.set(book('Dubliners', 1914))
    const set = (await db.records.findById(made.id())).data as object
    expect(set).toMatchObject(book('Dubliners', 1914))
    expect(set).not.toHaveProperty('read')
    await made.delete()
    await expect(db.records.findById(made.id())).rejects.toThrow('404')
  })

  it('are created in numbers, with and without an answer', async () => {
    const books = Array.from({ length: 25 }, (_, at) => book(`Volume ${at}`, 1900 + at))
    const { data } = await db.records.createMany({
      label: 'BOOK',
      data: books,
      options: { returnResult: true, suggestTypes: true },
    })
    expect(data.map((one) => one.data.title)).toEqual(books.map(({ title }) => title))
    expect((await db.records.createMany({ label: 'BOOK', data: books })).data).toEqual([])
    const found = await db.records.find({
      labels: ['BOOK'],
      where: { year: { $gte: 1920 } },
      orderBy: { year: 'desc' },
      limit: 3,
    })
    expect(found.data.map((one) => one.data.year)).toEqual([1924, 1924, 1923])
    expect(found.total).toBe(10)
    await db.records.deleteById(data.map((one) => one.id()))
    expect((await db.records.find({ labels: ['BOOK'] })).total).toBe(25)
  })

  it('are found one by one, or refused where several are', async () => {
    await db.records.createMany({ label: 'BOOK', data: [book('A', 1), book('A', 2), book('B', 3)] })
    expect((await db.records.findOne({ labels: ['BOOK'], where: { title: 'B' } })).data).toMatchObject({ year: 3 })
    expect((await db.records.findUniq({ labels: ['BOOK'], where: { title: 'B' } })).data).toMatchObject({ year: 3 })
    await expect(db.records.findUniq({ labels: ['BOOK'], where: { title: 'A' } })).rejects.toThrow()
    expect((await db.records.findOne({ labels: ['BOOK'], where: { title: 'C' } })).exists()).toBe(false)
  })

  it('come as a table', async () => {
    await db.records.createMany({ label: 'BOOK', data: [book('A, or B', 1)] })
    const { data } = await db.records.export({ labels: ['BOOK'], where: {} })
    expect(data.fileContent.split('\r\n').slice(0, 2)).toEqual([
      '__id,__label,title,year',
      expect.stringMatching(/,BOOK,"A, or B",1$/),
    ])
  })

  it('say what is wrong by the status, the only thing that this client keeps', async () => {
    await expect(db.records.find({ limit: 5_000 })).rejects.toThrow('400')
    await expect(db.records.findById('0190b5a0-0000-7000-8000-000000000001')).rejects.toThrow('404')
    expect((await fetch(`${on.url}/api/v1/records/search`, { method: 'POST', headers: { token: 'wrong' } })).status).toBe(403)
  })
})

describe('nested data', () => {
  const company = {
    name: 'Google',
    rating: 4.9,
    DEPARTMENT: [
      { name: 'Research', PROJECT: [{ name: 'Bard', budget: 12, EMPLOYEE: [{ name: 'Jeff', position: 'Head of AI' }] }] },
      { name: 'Sales', PROJECT: { name: 'Ads', budget: 99 } },
    ],
  }

  it('becomes records that are related', async () => {
    await db.records.createMany({ label: 'COMPANY', data: company })
    expect((await db.labels.find({})).data).toEqual({ COMPANY: 1, DEPARTMENT: 2, PROJECT: 2, EMPLOYEE: 1 })
    const employees = await db.records.find({
      labels: ['EMPLOYEE'],
      where: { position: { $contains: 'ai' }, PROJECT: { DEPARTMENT: { COMPANY: { rating: { $gte: 4 } } } } },
    })
    expect(employees.data.map((one) => one.data.name)).toEqual(['Jeff'])
    const none = await db.records.find({ labels: ['EMPLOYEE'], where: { PROJECT: { budget: { $gt: 50 } } } })
    expect(none.total).toBe(0)
  })

  it('is aggregated', async () => {
    await db.records.createMany({ label: 'COMPANY', data: company })
    const { data } = await db.records.find({
      labels: ['COMPANY'],
      where: { DEPARTMENT: { PROJECT: { $alias: '$project' } } },
      aggregate: { most: { fn: 'max', field: 'budget', alias: '$project' }, projects: { fn: 'count', alias: '$project' } },
    })
    expect(data[0]!.data).toMatchObject({ name: 'Google', most: 99, projects: 2 })
  })
})

describe('relationships', () => {
  it('are attached, found and detached', async () => {
    const author = await db.records.create({ label: 'AUTHOR', data: { name: 'Joyce' } })
    const { data: books } = await db.records.createMany({
      label: 'BOOK',
      data: [book('Ulysses', 1922), book('Dubliners', 1914)],
      options: { returnResult: true, suggestTypes: true },
    })
    await author.attach(books, { type: 'WROTE' })
    await author.attach(books[0]!, { type: 'READ', direction: 'in' })
    const { data: relations } = await db.relationships.find({})
    expect(relations.map(({ type }) => type).sort()).toEqual(['READ', 'WROTE', 'WROTE'])
    expect(relations).toContainEqual(
      expect.objectContaining({
        sourceId: author.id(),
        sourceLabel: 'AUTHOR',
        targetId: books[1]!.id(),
        targetLabel: 'BOOK',
        type: 'WROTE',
      }),
    )
    const written = {
      labels: ['BOOK'],
      where: { AUTHOR: { $relation: { type: 'WROTE', direction: 'in' as const }, name: 'Joyce' } },
    }
    expect((await db.records.find(written)).total).toBe(2)
    expect((await db.records.find({ id: author.id(), labels: ['BOOK'] })).total).toBe(2)
    await author.detach(books[0]!, { typeOrTypes: ['WROTE'] })
    expect((await db.records.find(written)).total).toBe(1)
    await author.delete()
    expect((await db.relationships.find({})).data).toEqual([])
  })
})

describe('transactions', () => {
  it('are seen by themselves, and by others at their end', async () => {
    const tx = await db.tx.begin({ ttl: 10_000 })
    await db.records.create({ label: 'BOOK', data: book('A', 1) }, tx)
    expect((await db.records.find({ labels: ['BOOK'] }, tx)).total).toBe(1)
    expect((await db.records.find({ labels: ['BOOK'] })).total).toBe(0)
    expect((await db.tx.get(tx)).id).toBe(tx.id)
    await tx.commit()
    expect((await db.records.find({ labels: ['BOOK'] })).total).toBe(1)
    await expect(db.tx.get(tx)).rejects.toThrow('404')
  })

  it('leave nothing when they are rolled back, or when a call in them fails', async () => {
    const tx = await db.tx.begin()
    await db.records.create({ label: 'BOOK', data: book('A', 1) }, tx)
    await tx.rollback()
    const failing = await db.tx.begin()
    await db.records.create({ label: 'BOOK', data: book('B', 2) }, failing)
    await expect(db.records.find({ limit: -1 }, failing)).rejects.toThrow('400')
    await expect(failing.commit()).rejects.toThrow('404')
    expect((await db.records.find({ labels: ['BOOK'] })).total).toBe(0)
  })
})

describe('models', () => {
  const User = new Model('USER', {
    email: { type: 'string', uniq: true },
    name: { type: 'string' },
    age: { type: 'number', required: false },
    active: { type: 'boolean', default: true },
  })

  it('keep what is unique unique', async () => {
    const ada = await User.create({ email: 'ada@example.com', name: 'Ada', age: 36 })
    expect(ada.data).toMatchObject({ email: 'ada@example.com', active: true })
    await expect(User.create({ email: 'ada@example.com', name: 'Another' })).rejects.toThrow()
    expect((await User.find()).total).toBe(1)
    await User.update(ada, { name: 'Ada Lovelace' })
    expect((await User.findUniq({ where: { email: 'ada@example.com' } })).data).toMatchObject({ name: 'Ada Lovelace', age: 36 })
  })

  it('create many at once, all or none', async () => {
    await User.createMany([
      { email: 'a@example.com', name: 'A' },
      { email: 'b@example.com', name: 'B' },
    ])
    expect((await User.find({ orderBy: { email: 'asc' } })).data.map(({ data }) => data.email)).toEqual([
      'a@example.com',
      'b@example.com',
    ])
    await expect(
      User.createMany([
        { email: 'c@example.com', name: 'C' },
        { email: 'a@example.com', name: 'Again' },
      ]),
    ).rejects.toThrow()
    expect((await User.find()).total).toBe(2)
    await User.delete({ where: { email: 'a@example.com' } })
    expect((await User.find()).total).toBe(1)
  })
})

describe('vectors, as they were written before there were indexes', () => {
  const options = { suggestTypes: true, castNumberArraysToVectors: true, returnResult: true }
  const query = [1, 0, 0]

  beforeEach(async () => {
    await db.records.createMany({
      label: 'DOC',
      data: [
        { title: 'Alpha', embedding: [1, 0, 0] },
        { title: 'Beta', embedding: [1, 1, 0] },
        { title: 'Gamma', embedding: [-1, 0, 0] },
        { title: 'none' },
      ],
      options,
    })
  })

  async function titles(
    threshold: number | { $lt: number },
    fn: 'cosine' | 'euclidean' | 'euclideanDistance',
  ): Promise<string[]> {
    const { data } = await db.records.find({
      labels: ['DOC'],
      where: { embedding: { $vector: { fn: `gds.similarity.${fn}`, query, threshold } } },
    })
    return data.map((one) => one.data.title).sort()
  }

  it('have their type', async () => {
    const [first] = (await db.records.find({ labels: ['DOC'], where: { title: 'Alpha' } })).data
    expect(first!.data).toMatchObject({ embedding: [1, 0, 0] })
    expect(first!.proptypes()).toEqual({ title: 'string', embedding: 'vector' })
  })

  it('are found by how near they are', async () => {
    expect(await titles(0.75, 'cosine')).toEqual(['Alpha'])
    expect(await titles(0.7, 'cosine')).toEqual(['Alpha', 'Beta'])
    expect(await titles({ $lt: 0 }, 'cosine')).toEqual(['Gamma'])
    // A number is the most for distances, not the least.
    expect(await titles(1, 'euclideanDistance')).toEqual(['Alpha', 'Beta'])
  })

  it('are ranked by an aggregate', async () => {
    const { data } = await db.records.find({
      labels: ['DOC'],
      aggregate: { score: { fn: 'gds.similarity.cosine', field: 'embedding', query, alias: '$record' } },
      orderBy: { score: 'desc' } as never,
      where: { embedding: { $exists: true } },
    })
    expect(data.map((one) => one.data.title)).toEqual(['Alpha', 'Beta', 'Gamma'])
    const scores = data.map((one) => one.data.score)
    expect(scores[0]).toBeCloseTo(1, 6)
    expect(scores[1]).toBeCloseTo(Math.SQRT1_2, 6)
    expect(scores[2]).toBeCloseTo(-1, 6)
  })
})

describe('properties and labels', () => {
  it('are told with their values', async () => {
    await db.records.createMany({ label: 'BOOK', data: [book('A', 1), book('B', 3)], options: { suggestTypes: true } })
    await db.records.create({ label: 'AUTHOR', data: { name: 'Joyce' } })
    expect((await db.labels.find({})).data).toEqual({ BOOK: 2, AUTHOR: 1 })
    const { data: properties } = await db.properties.find({ labels: ['BOOK'] })
    expect(properties.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(['title string', 'year number'])
    const year = properties.find(({ name }) => name === 'year')!
    expect((await db.properties.findById(year.id)).data).toMatchObject({ name: 'year', type: 'number' })
    expect((await db.properties.values(year.id)).data).toMatchObject({ min: 1, max: 3, type: 'number' })
    expect([...(await db.properties.values(year.id, { orderBy: 'desc' })).data.values]).toEqual([3, 1])
    await db.properties.delete(year.id)
    expect((await db.records.find({ labels: ['BOOK'], where: { year: { $exists: true } } })).total).toBe(0)
    await expect(db.properties.findById(year.id)).rejects.toThrow('404')
  })

  it('and settings', async () => {
    expect((await db.settings.get()).data).toMatchObject({ selfHosted: true })
  })
})
