import { randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begunGraph, finishedGraph, type GraphTestOptions, knownQueries, loadedGraph } from '../testing/build-graph.js'
import type { GraphImage, GraphMode } from './graph-image.js'
import { rowsToRank } from './graph-sketch.js'
import { MemoryPool } from './memory-pool.js'
import type { Metric } from './metric.js'
import type { KeptCurve } from './recall-curve.js'
import type { ResidentGraph } from './resident-graph.js'
import { SearchThreads } from './threads/search-threads.js'

const dimensions = 96
const count = 8_300
const great = 300

/** Vectors without any structure: what is near is hardly nearer than all else. */
function shapeless(rows: number, seed: number): Float32Array {
  const random = randomSource(seed)
  return Float32Array.from({ length: rows * dimensions }, () => random() - 0.5)
}

describe('a graph whose walks have to make great efforts', { timeout: 60_000 }, () => {
  let pool: MemoryPool
  const vectors = shapeless(count, 1)
  const packedQueries = shapeless(60, 2)
  const images = new Map<Metric, GraphImage>()

  function imageOf(metric: Metric, mode: GraphMode = 'memory'): GraphImage {
    const options: GraphTestOptions = { dimensions, metric, mode, m: 8, m0: 16, efConstruction: 40 }
    return finishedGraph(begunGraph(pool, vectors, options))
  }

  beforeAll(async () => {
    pool = await MemoryPool.create({ shared: true })
    for (const metric of ['cosine', 'l2', 'dot'] as const) images.set(metric, imageOf(metric))
  })
  afterAll(() => pool.close())

  const unsketched = ({ header, sections }: GraphImage): GraphImage => {
    const recall = { ...header.recall!, sketch: undefined }
    return { header: { ...header, recall }, sections }
  }

  const recallWith = (graph: ResidentGraph, metric: Metric, ef: number): number => {
    const { queries, nearest } = knownQueries(packedQueries, vectors, { dimensions, metric })
    const options = { ef, keep: Math.min(ef, 36), least: 10 }
    const recalls = queries.map((query, i) => recallOf(graph.search(query, options).nodes, nearest[i]!))
    return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
  }

  test.each(['cosine', 'l2', 'dot'] as const)(
    'looks at the sketches of all where that is cheaper, and finds no fewer: %s',
    (metric) => {
      const image = images.get(metric)!
      const [graph, walked] = [loadedGraph(pool, image), loadedGraph(pool, unsketched(image))]
      const query = vectorAt(packedQueries, dimensions, 0)
      expect(graph.search(query, { ef: 20, least: 10 }).way).toBeUndefined()
      const found = graph.search(query, { ef: great, keep: 36, least: 10 })
      expect(found).toMatchObject({ way: 'sketch', count: 36, complete: true })
      expect(found.evaluations).toBeGreaterThan(count)
      expect(found.estimates).toEqual([...found.estimates].sort((a, b) => a - b))
      expect(graph.search(query, { ef: great, keep: 36, least: 10 })).toEqual(found)
      for (const ef of [great, 800, 2_000])
        expect(recallWith(graph, metric, ef)).toBeGreaterThanOrEqual(recallWith(walked, metric, ef) - 0.03)
      graph.free()
      walked.free()
    },
  )

  test.each(['balanced', 'speed'] as const)('the same for %s', (mode) => {
    const image = imageOf('cosine', mode)
    const [graph, walked] = [loadedGraph(pool, image), loadedGraph(pool, unsketched(image))]
    expect(graph.search(vectorAt(packedQueries, dimensions, 0), { ef: great, keep: 36, least: 10 }).way).toBe('sketch')
    expect(recallWith(graph, 'cosine', great)).toBeGreaterThanOrEqual(recallWith(walked, 'cosine', great) - 0.03)
    graph.free()
    walked.free()
  })

  test('returns what is allowed alone', () => {
    const graph = loadedGraph(pool, images.get('l2')!)
    const allowed = Uint32Array.from({ length: Math.ceil(count / 32) }, () => 0xfffffff7)
    const isAllowed = (node: number): boolean => node % 32 !== 3
    let allowedCount = 0
    for (let node = 0; node < count; node++) if (isAllowed(node)) allowedCount++
    for (let i = 0; i < 20; i++) {
      const query = vectorAt(packedQueries, dimensions, i)
      const found = graph.search(query, { ef: great, keep: 36, least: 10, allowed, allowedCount })
      expect(found.way).toBe('sketch')
      expect(found.nodes.every(isAllowed)).toBe(true)
      const nearest = referenceNearest('l2', query, vectors, 40).map(({ row }) => row).filter(isAllowed) // prettier-ignore
      expect(recallOf(found.nodes, nearest.slice(0, 10))).toBeGreaterThanOrEqual(0.9)
    }
    graph.free()
  })

  test('does not where more nodes are wanted than it would rank, or someone says how many may be looked at', () => {
    const graph = loadedGraph(pool, images.get('l2')!)
    const query = vectorAt(packedQueries, dimensions, 0)
    expect(graph.search(query, { ef: count, keep: count, least: count })).toMatchObject({ count })
    const limited = graph.search(query, { ef: great, keep: 36, least: 10, budget: { evaluationsMax: 500 } })
    expect(limited.way).toBeUndefined()
    expect(limited.evaluations).toBeLessThan(count / 2)
    graph.free()
  })

  test('ends when its time is up, with the nearest of what it came to', () => {
    const graph = loadedGraph(pool, images.get('l2')!)
    const query = vectorAt(packedQueries, dimensions, 0)
    const options = { ef: great, keep: 36, least: 10 }
    const late = graph.search(query, { ...options, budget: { deadline: 0, evaluationsPerStep: 1_000 } })
    expect(late).toMatchObject({ way: 'sketch', complete: false, count: 36 })
    expect(Math.max(...late.nodes)).toBeLessThan(1_024)
    const signal = AbortSignal.abort()
    expect(() => graph.search(query, { ...options, budget: { signal } })).toThrow(expect.objectContaining({ code: 'ABORTED' }))
    graph.free()
  })

  test('threads answer alike, bit for bit', async () => {
    const graph = loadedGraph(pool, images.get('cosine')!)
    const threads = await SearchThreads.start(pool, { threads: 2 })
    const queries = Array.from({ length: 40 }, (_, i) => vectorAt(packedQueries, dimensions, i).slice())
    for (const ef of [20, great]) {
      const options = { ef, keep: Math.min(ef, 36), least: 10 }
      const answers = await threads.searchMany(graph, queries, options)
      expect(answers).toEqual(queries.map((query) => graph.search(query, options)))
      expect(answers[0]!.way).toBe(ef === great ? 'sketch' : undefined)
    }
    await threads.close()
    graph.free()
  })

  test('takes an eighth of its codes more memory, and gives it back', () => {
    const image = images.get('l2')!
    const before = pool.bytesUsed
    const walked = loadedGraph(pool, unsketched(image))
    const without = pool.bytesUsed - before
    walked.free()
    const graph = loadedGraph(pool, image)
    const more = pool.bytesUsed - before - without
    expect(more / count).toBeGreaterThan(dimensions / 8)
    expect(more / count).toBeLessThan(dimensions / 8 + 10)
    graph.search(vectorAt(packedQueries, dimensions, 0), { ef: great, keep: 36 })
    graph.free()
    expect(pool.bytesUsed - before).toBeLessThan(1024 ** 2) // scratch of searches
  })

  test('is not done where walks are cheap, nor measured where graphs are small or have few dimensions', () => {
    const centred = (noise: number, i: number): number =>
      vectors[(Math.floor(i / dimensions) % 50) * dimensions + (i % dimensions)]! + 0.2 * noise
    const clustered = begunGraph(pool, vectors.map(centred), { dimensions, m: 8, m0: 16, efConstruction: 40 })
    const graph = loadedGraph(pool, finishedGraph(clustered))
    for (const ef of [10, 50]) expect(graph.search(vectorAt(packedQueries, dimensions, 0), { ef }).way).toBeUndefined()
    graph.free()
    for (const [rows, columns] of [
      [4_000, dimensions],
      [9_000, 48],
    ] as const) {
      const { header } = finishedGraph(
        begunGraph(pool, vectors.subarray(0, rows * columns), { dimensions: columns, m: 8, m0: 16, efConstruction: 40 }),
      )
      expect(header.recall).toBeDefined()
      expect(header.recall!.sketch).toBeUndefined()
    }
  })
})

describe('rowsToRank', () => {
  const recalls = { k1: [0.5, 0.9, 1], k10: [0.4, 0.8, 0.96], k100: [0.2, 0.5, 0.9] }
  const sketch = { efs: [100, 200, 400, 800], ...{ k1: [0.9, 0.99, 1, 1], k10: [0.7, 0.9, 0.98, 1], k100: [0.3, 0.6, 0.8, 0.9] }, evaluations: [0, 0, 0, 0] } // prettier-ignore
  const recall: KeptCurve = {
    nodes: 20_000,
    blocks: false,
    efs: [10, 100, 1_000],
    ...recalls,
    evaluations: [500, 2_000, 15_000],
    sketch,
  }

  test('as many as find what the walk finds, twice as many, where the walk costs more', () => {
    expect(rowsToRank(recall, 20_000, 'memory', 10, 10)).toBeUndefined()
    expect(rowsToRank(recall, 20_000, 'memory', 1_000, 10)).toBe(2 * Math.ceil(200 * 2 ** 0.75))
    expect(rowsToRank(recall, 20_000, 'memory', 1_000, 1)).toBe(800)
    expect(rowsToRank(recall, 20_000, 'memory', 1_000, 100)).toBe(1_600)
    // A candidate of a walk over blocks costs less.
    expect(rowsToRank(recall, 20_000, 'speed', 100, 10)).toBeUndefined()
    expect(rowsToRank(recall, 20_000, 'speed', 1_000, 10)).toBeDefined()
  })

  test('more where the graph has grown or the effort is beyond what was measured; none where it was not measured', () => {
    const once = rowsToRank(recall, 20_000, 'memory', 1_000, 100)!
    expect(rowsToRank(recall, 25_000, 'memory', 1_000, 100)).toBe(1.25 * once)
    expect(rowsToRank(recall, 20_000, 'memory', 2_000, 100)).toBe(2 * once)
    expect(rowsToRank({ ...recall, sketch: undefined }, 20_000, 'memory', 1_000, 10)).toBeUndefined()
    expect(
      rowsToRank({ ...recall, sketch: { ...sketch, k10: [0.1, 0.2, 0.3, 0.4] } }, 20_000, 'memory', 1_000, 10),
    ).toBeUndefined()
  })

  test('never fewer than are ranked in no time', () => {
    expect(rowsToRank({ ...recall, nodes: 200_000, k1: [0.1, 0.2, 0.3] }, 200_000, 'memory', 2_000, 1)).toBe(200_000 / 4 / 40)
  })
})
