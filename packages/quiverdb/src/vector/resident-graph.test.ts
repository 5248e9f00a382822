import { clusteredVectors, randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { GraphStatistics } from './graph-statistics.js'
import { HnswBuilder } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'
import { ResidentGraph } from './resident-graph.js'

const dimensions = 20
const rows = 3000

describe('ResidentGraph', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const vectors = clusteredVectors(rows, dimensions, 21)
  const queries = clusteredVectors(30, dimensions, 22)

  function graphOf(metric: Metric, codes: 'int8' | 'float32' = 'int8'): ResidentGraph {
    const statistics = new GraphStatistics(pool, dimensions, metric)
    statistics.add(vectors)
    const builder = HnswBuilder.create(pool, { dimensions, metric, codes, capacity: rows, calibration: statistics.finish() })
    builder.append(vectors)
    const { header, sections } = builder.finish()
    builder.free()
    return ResidentGraph.load(pool, header, (name, target) => target.set(sections[name]!))
  }

  const random = randomSource(5)
  const bitset = (share: number) => {
    const bits = new Uint32Array(Math.ceil(rows / 32))
    for (let i = 0; i < rows; i++) if (random() < share) bits[i >> 5]! |= 1 << (i & 31)
    return bits
  }
  const has = (bits: Uint32Array, i: number) => ((bits[i >> 5]! >>> (i & 31)) & 1) === 1

  for (const metric of metrics) {
    test.each([0.5, 0.1, 0.02])(`returns only what is allowed, and finds it: ${metric}, %d of all`, (share) => {
      const graph = graphOf(metric)
      const allowed = bitset(share)
      const allowedRows = Array.from({ length: rows }, (_, i) => i).filter((i) => has(allowed, i)).length
      let recall = 0
      for (let i = 0; i < 30; i++) {
        const query = vectorAt(queries, dimensions, i)
        const { nodes, count, complete } = graph.search(query, { ef: 50, allowed })
        expect(complete).toBe(true)
        expect(count).toBe(Math.min(50, allowedRows))
        expect(nodes.every((node) => has(allowed, node))).toBe(true)
        const expected = referenceNearest(metric, query, vectors, 10, (row) => has(allowed, row)).map(({ row }) => row)
        recall += recallOf(nodes, expected) / 30
      }
      expect(recall).toBeGreaterThanOrEqual(0.95)
      graph.free()
    })

    test.each(['int8', 'float32'] as const)(`a search in many steps answers like one in one step: ${metric}, %s`, (codes) => {
      const graph = graphOf(metric, codes)
      for (const allowed of [undefined, bitset(0.4)]) {
        for (let i = 0; i < 5; i++) {
          const query = vectorAt(queries, dimensions, i)
          const whole = graph.search(query, { ef: 40, allowed })
          expect(graph.search(query, { ef: 40, allowed, budget: { evaluationsPerStep: 1 } })).toEqual(whole)
        }
      }
      graph.free()
    })
  }

  test.each(metrics)('a bound saves work, and what is within it is found all the same: %s', (metric) => {
    const graph = graphOf(metric)
    let recall = 0
    let free = 0
    let bounded = 0
    for (let i = 0; i < 30; i++) {
      const query = vectorAt(queries, dimensions, i)
      const nearest = referenceNearest(metric, query, vectors, 3)
      const found = graph.search(query, { ef: 60, bound: nearest[2]!.distance })
      recall +=
        recallOf(
          found.nodes,
          nearest.map(({ row }) => row),
        ) / 30
      bounded += found.evaluations
      free += graph.search(query, { ef: 60 }).evaluations
    }
    expect(recall).toBeGreaterThanOrEqual(0.97)
    expect(bounded).toBeLessThan(free)
    graph.free()
  })

  test('estimates ascend and are near the distances', () => {
    for (const metric of metrics) {
      const graph = graphOf(metric)
      const query = vectorAt(queries, dimensions, 0)
      const { nodes, estimates } = graph.search(query, { ef: 30 })
      const exact = new Map(referenceNearest(metric, query, vectors, rows).map(({ row, distance }) => [row, distance]))
      nodes.forEach((node, i) => {
        const distance = exact.get(node)!
        expect(Math.abs(estimates[i]! - distance)).toBeLessThan(0.02 * (1 + Math.abs(distance)))
        if (i) expect(estimates[i]!).toBeGreaterThanOrEqual(estimates[i - 1]!)
      })
      graph.free()
    }
  })

  test('a narrow and a wide walk find the same, and a very large ef finds all', () => {
    const graph = graphOf('l2')
    const all = bitset(2)
    for (let i = 0; i < 10; i++) {
      const query = vectorAt(queries, dimensions, i)
      const narrow = graph.search(query, { ef: 100 })
      const wide = graph.search(query, { ef: 100, allowed: all })
      expect([...wide.nodes]).toEqual([...narrow.nodes])
    }
    const everything = graph.search(vectorAt(queries, dimensions, 0), { ef: 100_000 })
    expect(everything.count).toBe(rows)
    expect(new Set(everything.nodes).size).toBe(rows)
    graph.free()
  })

  test('nothing is allowed, and one of all', () => {
    const graph = graphOf('l2')
    const query = vectorAt(queries, dimensions, 0)
    expect(graph.search(query, { ef: 10, allowed: new Uint32Array(0) }).count).toBe(0)
    const one = new Uint32Array(Math.ceil(rows / 32))
    one[2999 >> 5] = 1 << (2999 & 31)
    expect([...graph.search(query, { ef: 10, allowed: one }).nodes]).toEqual([2999])
    graph.free()
  })

  test('a deadline cuts a search short and says so, an abort throws', () => {
    const graph = graphOf('l2')
    const query = vectorAt(queries, dimensions, 0)
    const cut = graph.search(query, { ef: 500, budget: { deadline: 0, evaluationsPerStep: 10 } })
    expect(cut.complete).toBe(false)
    expect(cut.count).toBeGreaterThan(0)
    const signal = AbortSignal.abort()
    expect(() => graph.search(query, { ef: 5, budget: { signal } })).toThrow(expect.objectContaining({ code: 'ABORTED' }))
    expect(() => graph.search(new Float32Array(3), { ef: 5 })).toThrow(expect.objectContaining({ code: 'DIMENSION_MISMATCH' }))
    graph.free()
  })

  test('many graphs of one pool take turns without disturbing each other', () => {
    const graphs = metrics.map((metric) => graphOf(metric))
    const answers = () => graphs.map((graph) => graph.search(vectorAt(queries, dimensions, 3), { ef: 20 }))
    const first = answers()
    for (let i = 0; i < 20; i++) expect(answers()).toEqual(first)
    const before = pool.bytesUsed
    graphs.forEach((graph) => graph.free())
    expect(pool.bytesUsed).toBeLessThan(before)
  })

  test('the visited marks survive their counter wrapping around', () => {
    const small = HnswBuilder.create(pool, { dimensions, metric: 'l2', capacity: 50 })
    small.append(vectors.subarray(0, 50 * dimensions))
    const { header, sections } = small.finish()
    small.free()
    const graph = ResidentGraph.load(pool, header, (name, target) => target.set(sections[name]!))
    const query = vectorAt(queries, dimensions, 0)
    const expected = graph.search(query, { ef: 50 })
    expect(expected.count).toBe(50)
    for (let i = 0; i < 66_000; i++) graph.search(query, { ef: 1 })
    expect(graph.search(query, { ef: 50 })).toEqual(expected)
    graph.free()
  })
})
