import { normal, randomSource, recallOf, referenceNearest, subspaceVectors, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, type GraphTestOptions, withRowsAndBlocks } from '../testing/build-graph.js'
import { seedsOf } from './among-allowed.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'
import { type GraphSearchOptions, ResidentGraph } from './resident-graph.js'

const [dimensions, count] = [64, 8000]
const isAmong = (bits: Uint32Array, i: number): boolean => ((bits[i >> 5]! >>> (i & 31)) & 1) === 1

/** What a filter leaves of so many nodes, as a search is told of it. */
function allowing(
  isAllowed: (node: number) => boolean,
): Required<Pick<GraphSearchOptions, 'allowed' | 'allowedCount' | 'seeds'>> {
  const allowed = new Uint32Array(Math.ceil(count / 32))
  let allowedCount = 0
  for (let node = 0; node < count; node++) {
    if (!isAllowed(node)) continue
    allowed[node >> 5]! |= 1 << (node & 31)
    allowedCount++
  }
  return { allowed, allowedCount, seeds: seedsOf(allowed, allowedCount) }
}

/** The nodes in the order of their distance from a point. */
function byDistance(vectors: Float32Array, from: Float32Array): Uint32Array {
  const order = referenceNearest('l2', from, vectors, count).map(({ row }) => row)
  const ranks = new Uint32Array(count)
  order.forEach((node, rank) => (ranks[node] = rank))
  return ranks
}

describe('walks among allowed nodes', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const all = subspaceVectors(count + 20, dimensions, 20, 1)
  const vectors = all.subarray(0, count * dimensions)
  const queries = Array.from({ length: 20 }, (_, i) => vectorAt(all, dimensions, count + i))
  const random = randomSource(3)

  /** Over rows, blocks, and float32. */
  function withEach(options: Omit<GraphTestOptions, 'dimensions'>, use: (graph: ResidentGraph) => void): void {
    withRowsAndBlocks(pool, vectors, { dimensions, ...options }, (rows, blocks) => {
      use(rows)
      use(blocks)
    })
    const builder = begunGraph(pool, vectors, { dimensions, ...options, codes: 'float32' })
    builder.insertNext(builder.pending)
    builder.repair()
    use(new ResidentGraph(builder.memory))
    builder.free()
  }

  function recallOver(graph: ResidentGraph, metric: Metric, open: ReturnType<typeof allowing>, ef: number): number {
    let recall = 0
    for (const query of queries) {
      const { nodes, count: found, complete } = graph.search(query, { ef, keep: 40, least: 10, ...open })
      expect(complete).toBe(true)
      expect(found).toBe(nodes.length)
      expect(found).toBeGreaterThanOrEqual(Math.min(10, open.allowedCount))
      expect(new Set(nodes).size).toBe(found)
      expect(nodes.every((node) => isAmong(open.allowed, node))).toBe(true)
      const expected = referenceNearest(metric, query, vectors, 10, (row) => isAmong(open.allowed, row)).map(({ row }) => row)
      recall += recallOf(nodes, expected) / queries.length
    }
    return recall
  }

  /** What the same effort finds without a filter. */
  function recallWithout(graph: ResidentGraph, metric: Metric, ef: number): number {
    let recall = 0
    for (const query of queries) {
      const expected = referenceNearest(metric, query, vectors, 10).map(({ row }) => row)
      recall += recallOf(graph.search(query, { ef, keep: 40, least: 10 }).nodes, expected) / queries.length
    }
    return recall
  }

  /** Whether a filter finds as much as no filter, but for the noise of 20 queries. */
  function expectNoLoss(graph: ResidentGraph, metric: Metric, open: ReturnType<typeof allowing>): void {
    expect(recallOver(graph, metric, open, 16)).toBeGreaterThan(Math.min(0.95, recallWithout(graph, metric, 16)) - 0.1)
  }

  /** Of these, few are scanned. */
  const shares = [0.9, 0.7, 0.2, 0.1, 0.03, 0.005]

  test.each(metrics)('find the nearest of what a filter leaves here and there: %s', (metric) => {
    withEach({ metric }, (graph) => {
      for (const share of shares)
        expectNoLoss(
          graph,
          metric,
          allowing(() => random() < share),
        )
    })
  })

  test.each([
    ['near', (rank: number, share: number) => rank < share * count],
    ['far', (rank: number, share: number) => rank >= (1 - share) * count],
  ])('find them where they all are %s to one another and others are elsewhere', (_, isIn) => {
    const ranks = byDistance(vectors, queries[0]!)
    withEach({ metric: 'l2' }, (graph) => {
      for (const share of shares)
        expectNoLoss(
          graph,
          'l2',
          allowing((node) => isIn(ranks[node]!, share)),
        )
    })
  })

  test('find islands', () => {
    const islands = [0, 1000, 2000, 3000].map((node) => byDistance(vectors, vectorAt(vectors, dimensions, node)))
    withEach({ metric: 'l2' }, (graph) => {
      const open = allowing((node) => islands.some((ranks) => ranks[node]! < 200))
      expectNoLoss(graph, 'l2', open)
    })
  })

  test('expand little where nearly all is allowed, and hardly more than what is near where all matches are', () => {
    const ranks = byDistance(vectors, queries[0]!)
    withRowsAndBlocks(pool, vectors, { dimensions, metric: 'l2' }, (rows, blocks) => {
      for (const graph of [rows, blocks]) {
        const plain = graph.search(queries[0]!, { ef: 24 }).evaluations
        const most = graph.search(queries[0]!, { ef: 24, ...allowing((node) => node % 10 !== 0) }).evaluations
        const near = graph.search(queries[0]!, { ef: 24, ...allowing((node) => ranks[node]! < 1200) }).evaluations
        expect(most).toBeLessThan(2.5 * plain)
        expect(near).toBeLessThan(2.5 * plain)
      }
    })
  })

  test('answer in many steps as in one, and say when they were cut short', () => {
    withEach({ metric: 'cosine' }, (graph) => {
      const open = allowing((node) => node % 3 === 0)
      for (const query of queries.slice(0, 5)) {
        const whole = graph.search(query, { ef: 40, ...open })
        expect(graph.search(query, { ef: 40, ...open, budget: { evaluationsPerStep: 1 } })).toEqual(whole)
        expect(whole.estimates.every((estimate, i) => i === 0 || estimate >= whole.estimates[i - 1]!)).toBe(true)
        const cut = graph.search(query, { ef: 40, least: 10, ...open, budget: { deadline: 0, evaluationsPerStep: 1 } })
        expect(cut.complete).toBe(false)
      }
    })
  })

  test('return as many as are asked for while there are so many, and all where there are fewer', () => {
    withEach({ metric: 'l2' }, (graph) => {
      for (const [every, least] of [
        [2, 60],
        [2, 3000],
        [7, 857],
        [3000, 10],
      ] as const) {
        const open = allowing((node) => node % every === 1)
        const { nodes } = graph.search(queries[1]!, { ef: 16, least, keep: least, ...open })
        expect(new Set(nodes).size).toBeGreaterThanOrEqual(Math.min(least, open.allowedCount))
        expect(nodes.every((node) => node % every === 1)).toBe(true)
      }
      const none = allowing(() => false)
      expect(graph.search(queries[1]!, { ef: 16, least: 10, ...none }).count).toBe(0)
    })
  })

  test('seeds are allowed, different, and lie everywhere', () => {
    for (const share of [1, 0.3, 0.004]) {
      const { allowed, allowedCount, seeds } = allowing(() => random() < share)
      expect(seeds).toHaveLength(Math.min(64, allowedCount))
      expect(new Set(seeds).size).toBe(seeds.length)
      expect(seeds.every((seed) => isAmong(allowed, seed))).toBe(true)
      const gaps = [...seeds].map((seed, i) => seed - (i > 0 ? seeds[i - 1]! : 0))
      expect(Math.max(...gaps)).toBeLessThan((6 * count) / seeds.length)
    }
    expect(seedsOf(new Uint32Array(4), 0)).toHaveLength(0)
  })

  test('in noise without structure they lose no more than walks without a filter', () => {
    const noise = Float32Array.from({ length: 2000 * dimensions }, () => normal(random))
    withRowsAndBlocks(pool, noise, { dimensions, metric: 'l2' }, (rows, blocks) => {
      const open = allowing((node) => node < 2000 && node % 2 === 0)
      for (const graph of [rows, blocks]) {
        const recalls = [undefined, open].map((filter) => {
          const found = queries.map((query) => {
            const isOpen = (row: number): boolean => !filter || isAmong(filter.allowed, row)
            const expected = referenceNearest('l2', query, noise, 10, isOpen).map(({ row }) => row)
            return recallOf(graph.search(query, { ef: 30, keep: 60, least: 10, ...filter }).nodes, expected)
          })
          return found.reduce((sum, recall) => sum + recall, 0) / found.length
        })
        expect(recalls[1]!).toBeGreaterThan(recalls[0]! - 0.05)
      }
    })
  })
})
