import { clusteredVectors, recallOf, referenceDistance, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodeBlock } from '../code-block.js'
import { GraphStatistics } from '../graph-statistics.js'
import { HnswBuilder } from '../hnsw-builder.js'
import { MemoryPool } from '../memory-pool.js'
import { type Metric, metrics } from '../metric.js'
import { ResidentGraph } from '../resident-graph.js'
import { scanBlock } from '../scan.js'
import { Lanes } from './lanes.js'
import { SearchThreads } from './search-threads.js'
import { insertOnLanes } from './threaded-insertion.js'
import { packedBlocks } from '../block-packing.js'

const dimensions = 24
const count = 2000

describe('SearchThreads', () => {
  let pool: MemoryPool
  let threads: SearchThreads
  beforeAll(async () => {
    pool = await MemoryPool.create({ shared: true })
    threads = await SearchThreads.start(pool, { threads: 2 })
  })
  afterAll(async () => {
    await threads.close()
    pool.close()
  })

  const vectors = clusteredVectors(count, dimensions, 1)
  const queries = Array.from({ length: 60 }, (_, i) => vectorAt(clusteredVectors(60, dimensions, 2), dimensions, i).slice())

  function build(metric: Metric, codes: 'int8' | 'float32' = 'int8'): HnswBuilder {
    const statistics = new GraphStatistics(pool, dimensions, metric)
    statistics.add(vectors)
    const builder = HnswBuilder.create(pool, {
      ...{ dimensions, metric, codes, capacity: count, m: 8, m0: 16, efConstruction: 60 },
      calibration: statistics.finish(),
    })
    builder.append(vectors)
    builder.insertNext(count)
    builder.repair()
    return builder
  }

  test.each(metrics)('scans are those of this thread, bit for bit: %s', async (metric) => {
    const block = new CodeBlock(pool, dimensions)
    expect(await threads.scan(block, queries[0]!, metric, { k: 3 })).toEqual(scanBlock(block, queries[0]!, metric, { k: 3 }))
    block.appendAll(vectors)
    const allowed = Uint32Array.from({ length: Math.ceil(count / 32) }, (_, i) => 0x9e3779b9 * (i + 1))
    for (const options of [{ k: 10 }, { k: 300, allowed }, { k: 5, bound: 2 }, { k: 5, budget: { evaluationsMax: 500 } }]) {
      const expected = queries.map((query) => scanBlock(block, query, metric, options))
      expect(await Promise.all(queries.map((query) => threads.scan(block, query, metric, options)))).toEqual(expected)
    }
    block.free()
  })

  test.each(metrics)('answers are those of this thread, bit for bit: %s', async (metric) => {
    const allowed = Uint32Array.from({ length: Math.ceil(count / 32) }, (_, i) => 0x9e3779b9 * (i + 1))
    const builders = [build(metric), build(metric, 'float32')]
    const packed = packedBlocks(builders[0]!.memory)
    for (const memory of [...builders.map((builder) => builder.memory), packed]) {
      const graph = new ResidentGraph(memory)
      for (const options of [{ ef: 30 }, { ef: 700 }, { ef: 40, allowed }, { ef: 40, bound: 3 }]) {
        const expected = queries.map((query) => graph.search(query, options))
        expect(await threads.searchMany(graph, queries, options)).toEqual(expected)
        const alone = queries.slice(0, 9).map((query) => threads.search(graph, query, options))
        expect(await Promise.all(alone)).toEqual(expected.slice(0, 9))
      }
    }
    packed.free()
    for (const builder of builders) builder.free()
  })

  test('memory may grow while threads search', async () => {
    const builder = build('l2')
    const graph = new ResidentGraph(builder.memory)
    const expected = queries.map((query) => graph.search(query, { ef: 30 }))
    for (let round = 0; round < 20; round++) {
      const running = threads.searchMany(graph, queries, { ef: 30 })
      const grown = Array.from({ length: 4 }, (_, i) => pool.allocate((round + 1) * 500_000 + i))
      for (const extent of grown) extent.view().fill(0xff)
      // A graph that lies beyond what the threads have seen so far.
      const other = build('l2')
      expect(await running).toEqual(expected)
      expect(await threads.searchMany(new ResidentGraph(other.memory), queries.slice(0, 4), { ef: 30 })).toEqual(
        expected.slice(0, 4),
      )
      other.free()
      for (const extent of grown) extent.free()
    }
    builder.free()
  })

  test('graphs may be searched while others insert into them', async () => {
    const total = 6000
    const all = clusteredVectors(total, dimensions, 3)
    const builder = HnswBuilder.create(pool, { dimensions, metric: 'l2', capacity: total, codes: 'float32' })
    const graph = new ResidentGraph(builder.memory)
    builder.append(all)
    builder.insertNext(10)
    const lanes = await Lanes.start(pool, 2)
    let inserting = true
    const insertion = insertOnLanes(lanes, builder).then(() => (inserting = false))
    const even = new Uint32Array(Math.ceil(total / 32)).fill(0x55555555)
    let searches = 0
    while (inserting) {
      const query = queries[searches % queries.length]!
      const allowed = searches++ % 2 ? even : undefined
      const { nodes, estimates } = await threads.search(graph, query, { ef: 30, allowed })
      expect(new Set(nodes).size).toBe(nodes.length)
      nodes.forEach((node, i) => {
        expect(node).toBeLessThan(total)
        expect(allowed && node % 2).toBeFalsy()
        const distance = referenceDistance('l2', query, vectorAt(all, dimensions, node))
        expect(estimates[i]).toBeCloseTo(distance, 3)
      })
      expect(estimates).toEqual(estimates.toSorted((a, b) => a - b))
    }
    await insertion
    expect(searches).toBeGreaterThan(10)
    const recall = queries.map((query) => {
      const expected = referenceNearest('l2', query, all, 10).map(({ row }) => row)
      return recallOf(graph.search(query, { ef: 50 }).nodes, expected)
    })
    expect(recall.reduce((sum, x) => sum + x, 0) / recall.length).toBeGreaterThanOrEqual(0.95)
    expect(graph.audit()).toBe(0)
    await lanes.close()
    builder.free()
  })

  test('a budget holds on the other thread', async () => {
    const builder = build('l2')
    const graph = new ResidentGraph(builder.memory)
    const late = { ef: 1000, budget: { deadline: performance.now() - 1, evaluationsPerStep: 1 } }
    expect(await threads.search(graph, queries[0]!, late)).toMatchObject({ complete: false })
    const ample = { ef: 1000, budget: { deadline: performance.now() + 60_000, evaluationsPerStep: 1 } }
    expect(await threads.search(graph, queries[0]!, ample)).toMatchObject({ complete: true })
    const control = new AbortController()
    const many = Array.from({ length: 4000 }, (_, i) => queries[i % queries.length]!)
    const aborted = threads.searchMany(graph, many, { ef: 1000, budget: { signal: control.signal } })
    control.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await threads.search(graph, queries[0]!, { ef: 1000 })).toMatchObject({ complete: true })
    builder.free()
  })

  test('says what is wrong', async () => {
    const builder = build('l2')
    const graph = new ResidentGraph(builder.memory)
    await expect(threads.search(graph, new Float32Array(3), { ef: 1 })).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' })
    await expect(threads.search(graph, queries[0]!, { ef: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const unshared = await MemoryPool.create()
    await expect(SearchThreads.start(unshared)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(SearchThreads.start(pool, { threads: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const others = await SearchThreads.start(await MemoryPool.create({ shared: true }), { threads: 1 })
    await expect(others.search(graph, queries[0]!, { ef: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await others.close()
    const used = pool.bytesUsed
    const short = await SearchThreads.start(pool, { threads: 1 })
    await short.search(graph, queries[0]!, { ef: 10 })
    const unanswered = short.search(graph, queries[0]!, { ef: 10 })
    const closed = short.close()
    await expect(unanswered).rejects.toMatchObject({ code: 'CLOSED' })
    await closed
    await expect(short.search(graph, queries[0]!, { ef: 10 })).rejects.toMatchObject({ code: 'CLOSED' })
    expect(pool.bytesUsed).toBe(used)
    builder.free()
  })
})
