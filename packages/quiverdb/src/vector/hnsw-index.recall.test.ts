import { clusteredVectors, hardOrders, normal, randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { recallAt10 } from '../testing/index-quality.js'
import { HnswIndex, type HnswIndexOptions } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'

const dimensions = 48
const rows = 4000
const queryCount = 150

/** Numbers without structure, in which neighbours are hard to find. */
function noise(count: number, seed: number): Float32Array {
  const random = randomSource(seed)
  return Float32Array.from({ length: count * dimensions }, () => normal(random))
}

describe('HnswIndex and recall', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const vectors = noise(rows, 1)
  const queries = noise(queryCount, 2)
  const options = { dimensions, metric: 'l2' } as const

  function filled(more: Partial<HnswIndexOptions> = {}): HnswIndex {
    const index = new HnswIndex(pool, { ...options, ...more })
    index.add(vectors)
    return index
  }

  /** The share of the 10 nearest that is found. */
  function recallWith(index: HnswIndex, recall: number): number {
    let found = 0
    for (let i = 0; i < queryCount; i++) {
      const query = vectorAt(queries, dimensions, i)
      const nearest = new Set(index.searchExact(query, 10).ids)
      found += index.search(query, 10, { recall }).ids.filter((id) => nearest.has(id)).length
    }
    return found / (10 * queryCount)
  }

  test('finds the share that is asked for, and hardly more', () => {
    const index = filled()
    const [low, middle, high] = [0.6, 0.9, 0.99].map((recall) => recallWith(index, recall))
    expect(low).toBeGreaterThan(0.55)
    expect(low).toBeLessThan(0.85)
    expect(middle).toBeGreaterThan(0.88)
    expect(middle).toBeLessThan(0.985)
    expect(high).toBeGreaterThan(0.98)
    expect(recallWith(index, 1)).toBe(1)
    index.free()
  })

  test('finds what the index promises, at least with its least effort', () => {
    const [fast, standard, strict, exact] = [
      filled({ preset: 'highSpeed' }),
      filled(),
      filled({ recall: 0.995 }),
      filled({ recall: 1 }),
    ] as const
    expect(recallAt10(fast, queries, dimensions)).toBeGreaterThan(0.82)
    expect(recallAt10(standard, queries, dimensions)).toBeGreaterThan(0.94)
    expect(recallAt10(strict, queries, dimensions)).toBeGreaterThan(0.985)
    expect(recallAt10(exact, queries, dimensions)).toBeCloseTo(1, 9)
    for (const index of [fast, standard, strict, exact]) index.free()
  })

  test('an effort alone is a fixed one', () => {
    const index = filled({ efSearch: 12 })
    const query = vectorAt(queries, dimensions, 0)
    for (let i = 0; i < 20; i++) {
      const one = vectorAt(queries, dimensions, i)
      expect(index.search(one, 10)).toEqual(index.search(one, 10, { ef: 12 }))
    }
    expect(index.search(query, 10, { ef: 12, recall: 0.99 })).toEqual(index.search(query, 10, { ef: 12 }))
    index.free()
  })

  test('measuring changes nothing, also where vectors are gone', () => {
    const index = filled()
    for (let id = 0; id < rows; id += 7) index.delete(id)
    const answers = () => Array.from({ length: 40 }, (_, i) => index.search(vectorAt(queries, dimensions, i), 10, { ef: 30 }))
    const before = { answers: answers(), ids: index.ids() }
    expect(index.evaluate({ sample: 5 }).graphs[0]).toBeDefined()
    expect({ answers: answers(), ids: index.ids() }).toEqual(before)
    expect(index.audit()).toBe(0)
    index.free()
  })

  test('is measured again when a quarter has changed', () => {
    const index = new HnswIndex(pool, options)
    index.add(clusteredVectors(1000, dimensions, 1))
    const easy = index.evaluate({ sample: 1 }).graphs[0]!
    index.add(noise(200, 3))
    expect(index.evaluate({ sample: 1 }).graphs[0]).toEqual(easy)
    index.add(noise(3000, 4))
    const { graphs, targets } = index.evaluate({ sample: 1 })
    expect(graphs[0]!.k10[0]).toBeLessThan(easy.k10[0]!)
    expect(recallAt10(index, queries, dimensions)).toBeGreaterThan(0.93)
    expect(targets[2]!.efs[0]).toBeGreaterThan(targets[0]!.efs[0]!)
    index.free()
  })

  test('where memory is short, searches go on with the least effort', async () => {
    const full = await MemoryPool.create({ memoryBytesMax: 16 * 1024 ** 2 })
    const index = new HnswIndex(full, { dimensions: 4 * dimensions, metric: 'l2', m: 4, m0: 8 })
    index.add(noise(6000, 6))
    const query = queries.subarray(0, 4 * dimensions)
    const fixed = () => [index.searchExact(query, 10), index.search(query, 10, { ef: 50 })] as const
    const before = fixed()
    while (full.bytesUsed + 4096 <= full.memoryBytesMax) full.allocate(4096)
    expect(index.search(query, 10)).toEqual(before[1])
    expect(index.evaluate({ queries: query, efs: [50] }).graphs).toEqual([undefined])
    expect(fixed()).toEqual(before)
    full.close()
  })

  test('a search that has no time does not measure for long', () => {
    const index = filled()
    const found = index.search(vectorAt(queries, dimensions, 0), 10, { budget: { deadline: performance.now() } })
    expect(found.ids).toHaveLength(10)
    index.free()
  })

  test('refuses what is no recall', () => {
    const index = filled()
    const query = vectorAt(queries, dimensions, 0)
    for (const recall of [0, -1, 1.5, NaN]) {
      expect(() => index.search(query, 1, { recall })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
      expect(() => new HnswIndex(pool, { ...options, recall })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
    expect(() => new HnswIndex(pool, { ...options, preset: 'fastest' as 'default' })).toThrow(/preset/)
    index.free()
  })

  test('tight clusters, whose codes order the nearest badly', () => {
    const { vectors: tight, queries: others } = hardOrders(6000, 128, 60).find(({ name }) => name === 'tight clusters')!
    const index = new HnswIndex(pool, { dimensions: 128, metric: 'cosine' })
    index.add(tight)
    expect(recallAt10(index, others, 128)).toBeGreaterThanOrEqual(0.98)
    index.free()
  })
})

describe('HnswIndex.evaluate', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const index = new HnswIndex(pool, { dimensions, metric: 'cosine' })
  index.add(noise(rows, 1))

  test('tells what searches with an effort find', () => {
    const queries = noise(50, 2)
    const { efforts, queries: count, k, complete } = index.evaluate({ queries, k: 5, efs: [40, 2, 5, 4000] })
    expect({ count, k, complete }).toEqual({ count: 50, k: 5, complete: true })
    expect(efforts.map(({ ef }) => ef)).toEqual([5, 40, 4000])
    let found = 0
    for (let i = 0; i < 50; i++) {
      const query = vectorAt(queries, dimensions, i)
      const nearest = new Set(index.searchExact(query, 5).ids)
      found += index.search(query, 5, { ef: 40 }).ids.filter((id) => nearest.has(id)).length
    }
    expect(efforts[1]!.recall).toBeCloseTo(found / 250, 6)
    expect(efforts[2]!.recall).toBe(1)
    expect(efforts.every(({ milliseconds, evaluations }) => milliseconds > 0 && evaluations! > 0)).toBe(true)
  })

  test('does not count a vector as its own neighbour', () => {
    const small = new HnswIndex(pool, { dimensions, metric: 'l2', m: 2, m0: 4, efConstruction: 8 })
    small.add(noise(600, 5))
    const ids = [...small.ids()]
    const { efforts, queries } = small.evaluate({ sample: 1000, k: 5, efs: [6] })
    const share = ids.reduce((sum, id) => {
      const vector = small.get(id)!
      const others = (found: Uint32Array) => [...found].filter((other) => other !== id).slice(0, 5)
      const nearest = new Set(others(small.searchExact(vector, 6).ids))
      return sum + others(small.search(vector, 6, { ef: 6 }).ids).filter((other) => nearest.has(other)).length / 5
    }, 0)
    expect(queries).toBe(600)
    expect(efforts[0]!.recall).toBeCloseTo(share / 600, 6)
    expect(efforts[0]!.recall).toBeLessThan(0.9)
    small.free()
  })

  test('ends when the time is over, and an empty index has nothing to tell', () => {
    expect(index.evaluate({ budget: { deadline: 0 } })).toMatchObject({ efforts: [], complete: false })
    const empty = new HnswIndex(pool, { dimensions, metric: 'l2' })
    expect(empty.evaluate()).toMatchObject({ efforts: [], queries: 0, graphs: [undefined], complete: true })
  })

  test('refuses what it cannot try', () => {
    const bad = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    for (const options of [{ sample: 0 }, { k: 0 }, { efs: [0] }, { efs: [] }])
      expect(() => index.evaluate(options), JSON.stringify(options)).toThrow(bad)
    expect(() => index.evaluate({ queries: new Float32Array(dimensions + 1) })).toThrow(
      expect.objectContaining({ code: 'DIMENSION_MISMATCH' }),
    )
  })
})
