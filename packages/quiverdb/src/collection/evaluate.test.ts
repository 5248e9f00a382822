import { clusteredVectors, normal, randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Database } from '../index.js'

const dimensions = 32
const count = 2500

function noise(rows: number, seed: number): Float32Array {
  const random = randomSource(seed)
  return Float32Array.from({ length: rows * dimensions }, () => normal(random))
}

const vectors = noise(count, 1)
const queries = Array.from({ length: 40 }, (_, i) => vectorAt(noise(40, 2), dimensions, i))

let db: Database
let collection: Collection

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 100 } })
  collection = await db.collection('noise', { indexes: [{ field: 'v', dimensions, metric: 'l2' }] })
  const row = (n: number) => ({ id: `r${n}`, v: vectorAt(vectors, dimensions, n) })
  await collection.upsert(Array.from({ length: 2000 }, (_, n) => row(n)))
  await db.settled()
  await collection.upsert(Array.from({ length: count - 2000 }, (_, n) => row(n + 2000)))
  await collection.delete(['r7', 'r2100'])
})
afterAll(() => db.close())

/** What searches with an effort find, one by one. */
async function recallOf(ef: number, k: number): Promise<number> {
  let found = 0
  for (const vector of queries) {
    const nearest = new Set((await collection.search({ vector, limit: k, exact: true })).hits.map(({ id }) => id))
    found += (await collection.search({ vector, limit: k, ef })).hits.filter(({ id }) => nearest.has(id)).length
  }
  return found / (k * queries.length)
}

describe('evaluate', () => {
  it('tells what searches with an effort find', async () => {
    const { k, queries: asked, efforts, complete } = await collection.evaluate({ vectors: queries, k: 5, efs: [400, 10, 2] })
    expect({ k, asked, complete }).toEqual({ k: 5, asked: 40, complete: true })
    expect(efforts.map(({ ef }) => ef)).toEqual([5, 10, 400])
    expect(efforts[1]!.recall).toBeCloseTo(await recallOf(10, 5), 6)
    expect(efforts[0]!.recall).toBeLessThan(efforts[2]!.recall)
    expect(efforts[2]!.recall).toBeGreaterThan(0.99)
    for (const { milliseconds, evaluations } of efforts) {
      expect(milliseconds).toBeGreaterThan(0)
      expect(evaluations).toBeGreaterThan(0)
    }
  })

  it('searches for rows, which are not their own neighbours, and tells what a recall would take', async () => {
    const { queries: asked, efforts, targets, graphs } = await collection.evaluate({ sample: 60, k: 1, efs: [100] })
    expect(asked).toBe(60)
    expect(efforts[0]!.recall).toBeGreaterThan(0.9)
    expect(graphs).toHaveLength(1)
    expect(graphs[0]!.k10.at(-1)).toBeGreaterThan(0.95)
    expect(targets.map(({ recall }) => recall)).toEqual([0.9, 0.95, 0.99])
    const efs = targets.map((target) => target.efs[0]!)
    expect(efs).toEqual([...efs].sort((a, b) => a - b))
    const [status] = await collection.indexes()
    expect(status!.modes).toEqual([expect.stringMatching(/^(speed|balanced|memory)$/)])
    expect(status!.recalls[0]).toBeGreaterThan(0.5)
  })

  it('measures the version that it is asked of', async () => {
    const version = await db.commit('before')
    await collection.upsert(Array.from({ length: 20 }, (_, n) => ({ id: `x${n}`, v: vectorAt(vectors, dimensions, n) })))
    const then = await collection.at(version)
    const exact = { sample: 3000, k: 1, efs: [1] }
    expect((await then.evaluate(exact)).queries).toBe(count - 2)
    expect((await collection.evaluate(exact)).queries).toBe(count + 18)
    await then.close()
  })

  it('tells how far it is, and stops when it is told to', async () => {
    const told: [number, number][] = []
    await collection.evaluate({ sample: 3, efs: [10, 20], onProgress: (done, total) => told.push([done, total]) })
    expect(told).toEqual(Array.from({ length: 9 }, (_, i) => [i + 1, 9]))
    const controller = new AbortController()
    const stopped = collection.evaluate({ signal: controller.signal, onProgress: (done) => done === 5 && controller.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('is of a collection without a graph too, and of an empty one', async () => {
    const small = await db.collection('small', { indexes: [{ field: 'v', dimensions }] })
    expect(await small.evaluate()).toMatchObject({ queries: 0, efforts: [], graphs: [], complete: true })
    const some = clusteredVectors(50, dimensions, 3)
    await small.upsert(Array.from({ length: 50 }, (_, n) => ({ id: `${n}`, v: vectorAt(some, dimensions, n) })))
    const { efforts, targets } = await small.evaluate({ efs: [10] })
    expect(efforts).toEqual([{ ef: 10, recall: 1, milliseconds: expect.any(Number) }])
    expect(targets[0]).toEqual({ recall: 0.9, efs: [] })
  })

  it.each([
    [{ sample: 0 }, 'INVALID_ARGUMENT'],
    [{ k: 0 }, 'INVALID_ARGUMENT'],
    [{ efs: [] }, 'INVALID_ARGUMENT'],
    [{ efs: [1.5] }, 'INVALID_ARGUMENT'],
    [{ index: 'absent' }, 'NOT_FOUND'],
    [{ vectors: [[1, 2]] }, 'DIMENSION_MISMATCH'],
  ])('refuses %j', async (options, code) => {
    await expect(collection.evaluate(options)).rejects.toMatchObject({ code })
  })
})
