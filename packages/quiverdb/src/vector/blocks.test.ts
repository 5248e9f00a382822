import { walkLayout } from '@quiverdb/kernel'
import { clusteredVectors, normal, randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { type GraphTestOptions, withRowsAndBlocks } from '../testing/build-graph.js'
import { stagingFor } from './encode.js'
import type { GraphMode } from './graph-image.js'
import type { GraphMemory } from './graph-memory.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics, queryTransform } from './metric.js'
import { type ResidentGraph } from './resident-graph.js'
import { placeWalk } from './walk-room.js'

const { index: walkField } = walkLayout
const groupRows = 32
const noNode = 0xffffffff

function randomVectors(count: number, dimensions: number, seed: number): Float32Array {
  const random = randomSource(seed)
  return Float32Array.from({ length: count * dimensions }, () => normal(random))
}

const meanOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length

const has = (bits: Uint32Array, i: number): boolean => ((bits[i >> 5]! >>> (i & 31)) & 1) === 1

describe('graphs with blocks', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  const withGraphs = (
    vectors: Float32Array,
    options: GraphTestOptions,
    use: (rows: ResidentGraph, blocks: ResidentGraph) => void,
  ) => withRowsAndBlocks(pool, vectors, options, use)

  /** What the block of each expanded node says of its neighbours beside what their own codes say: estimate - distance, over the distance. */
  function errorsOfEstimates(blocks: GraphMemory, query: Float32Array): number[] {
    const { arena, pointer, layout, parameters } = blocks
    const { dimensions, m0 } = parameters
    const walk = placeWalk(blocks, 1, false)
    const source = pool.scratch(arena, 'source', 4 * dimensions)
    const target = pool.scratch(arena, 'query', layout.stride)
    arena.f32.set(query, source / 4)
    arena.u32[walk / 4 + walkField.query] = target
    const staging = stagingFor(pool, arena, dimensions)
    arena.kernel.searchQuery(pointer, walk, source, queryTransform(parameters.metric), blocks.section('centre').pointer, staging)
    const [step, half] = [arena.f32[walk / 4 + walkField.step]!, arena.f32[walk / 4 + walkField.half]!]
    const table = arena.u8.subarray(arena.u32[walk / 4 + walkField.table])
    const distances = distancesTo(blocks, target)
    const errors: number[] = []
    for (let node = 0; node < blocks.nodes; node += 7) {
      for (let place = 0; place < m0; place++) {
        const neighbour = arena.u32[(blocks.links.pointer + node * blocks.links.stride) / 4 + place]!
        if (neighbour === noNode) break
        const { first, second, agreement } = inBlock(blocks, node, place, table)
        const estimate = distances[node]! + first + second * step * (agreement - half)
        errors.push((estimate - distances[neighbour]!) / distances[neighbour]!)
      }
    }
    return errors
  }

  /** The numbers of one neighbour, and what the query's table says of its signs, read as docs/FORMAT.md has them. */
  function inBlock({ arena, rows, layout }: GraphMemory, node: number, place: number, table: Uint8Array) {
    const n = layout.codeBytes
    const groupBytes = 4 * n + 8 * groupRows
    const group = rows.pointer + node * rows.stride + layout.stride + Math.floor(place / groupRows) * groupBytes
    const member = place % groupRows
    const byte = 2 * (member % 8) + (member % 16 >= 8 ? 1 : 0)
    let agreement = 0
    for (let four = 0; four < n / 4; four++) {
      const both = arena.u8[group + 16 * four + byte]!
      agreement += table[16 * four + (member < 16 ? both & 15 : both >> 4)]!
    }
    const numbers = (group + 4 * n) / 4 + member
    return { first: arena.f32[numbers]!, second: arena.f32[numbers + groupRows]!, agreement }
  }

  /** By codes, of the encoded query to every node. */
  function distancesTo({ arena, pointer, nodes }: GraphMemory, query: number): number[] {
    const heap = pool.scratch(arena, 'heap', 8 * nodes)
    expect(arena.kernel.nearestRows(pointer, query, nodes, heap)).toBe(nodes)
    const { u32, i32 } = arena
    const found: number[] = []
    for (let at = heap / 4; at < heap / 4 + 2 * nodes; at += 2) {
      const high = i32[at + 1]!
      found[u32[at]! >>> 1] = new Float32Array(Int32Array.of(high ^ ((high >> 31) & 0x7fffffff)).buffer)[0]!
    }
    return found
  }

  const degrees = [16, 32, 64, 40]

  test.each(degrees.flatMap((m0) => metrics.map((metric) => [m0, metric] as const)))(
    'of %i neighbours under %s, estimates are right on average and near',
    (m0, metric) => {
      const dimensions = 60
      // Errors around the same vectors are not independent of each other: each mean is over vectors of its own.
      const means = Array.from({ length: 30 }, (_, seed) => {
        const vectors = randomVectors(90, dimensions, 100 * m0 + seed)
        let errors: number[] = []
        withGraphs(vectors, { dimensions, metric, m: m0 / 2, m0, efConstruction: 60 }, (_, blocks) => {
          errors = errorsOfEstimates(blocks.memory, randomVectors(1, dimensions, 5000 + seed))
        })
        const mean = meanOf(errors)
        expect(Math.sqrt(meanOf(errors.map((x) => x * x)))).toBeLessThan(1.6 / Math.sqrt(dimensions))
        return mean
      })
      const mean = meanOf(means)
      const deviation = Math.sqrt(meanOf(means.map((x) => (x - mean) ** 2)))
      expect(Math.abs(mean)).toBeLessThan(3 * (deviation / Math.sqrt(means.length - 1)))
    },
  )

  test.each(metrics)('with an effort of all nodes, blocks find what rows find, which is all: %s', (metric) => {
    const dimensions = 24
    const vectors = clusteredVectors(800, dimensions, 3)
    const queries = clusteredVectors(20, dimensions, 4)
    withGraphs(vectors, { dimensions, metric }, (rows, blocks) => {
      for (let i = 0; i < 20; i++) {
        const query = vectorAt(queries, dimensions, i)
        const [a, b] = [rows.search(query, { ef: 800 }), blocks.search(query, { ef: 800 })]
        const expected = referenceNearest(metric, query, vectors, 10).map(({ row }) => row)
        expect(recallOf(a.nodes.slice(0, 20), expected)).toBe(1)
        expect(recallOf(b.nodes.slice(0, 20), expected)).toBe(1)
        expect([...b.nodes.slice(0, 50)]).toEqual([...a.nodes.slice(0, 50)])
        expect([...b.estimates.slice(0, 50)]).toEqual([...a.estimates.slice(0, 50)])
        expect(blocks.search(query, { ef: 800, least: 800 }).nodes.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: 800 }, (_, node) => node),
        )
      }
    })
  })

  test('as many are found as are said to be needed, unless time or a bound ends the walk', () => {
    const dimensions = 64
    const vectors = randomVectors(1500, dimensions, 21)
    withGraphs(vectors, { dimensions }, (_, blocks) => {
      const query = vectorAt(randomVectors(1, dimensions, 22), dimensions, 0)
      for (const least of [1, 20, 100, 700, 1500]) {
        const { count, complete, nodes } = blocks.search(query, { ef: least, least })
        expect(count).toBe(least)
        expect(complete).toBe(true)
        expect(new Set(nodes).size).toBe(least)
      }
      expect(blocks.search(query, { ef: 100, keep: 50, least: 100 }).count).toBe(50)
      const cut = blocks.search(query, { ef: 1000, least: 1000, budget: { deadline: 0, evaluationsPerStep: 10 } })
      expect(cut.complete).toBe(false)
      const whole = blocks.search(query, { ef: 500, least: 100 }).evaluations
      expect(blocks.search(query, { ef: 500, least: 100, bound: 1 }).evaluations).toBeLessThan(whole / 2)
    })
  })

  test.each([10, 100, 128, 129, 200, 400])('with an effort of %i, a search in many steps answers like one in one step', (ef) => {
    const dimensions = 40
    const vectors = clusteredVectors(1000, dimensions, 5)
    const queries = clusteredVectors(20, dimensions, 6)
    withGraphs(vectors, { dimensions, metric: 'cosine', m0: 40 }, (_, blocks) => {
      let recall = 0
      for (let i = 0; i < 20; i++) {
        const query = vectorAt(queries, dimensions, i)
        const whole = blocks.search(query, { ef })
        expect(blocks.search(query, { ef, budget: { evaluationsPerStep: 1 } })).toEqual(whole)
        expect(whole.estimates.every((estimate, at) => at === 0 || estimate >= whole.estimates[at - 1]!)).toBe(true)
        expect(new Set(whole.nodes).size).toBe(whole.count)
        recall +=
          recallOf(
            whole.nodes,
            referenceNearest('cosine', query, vectors, 10).map(({ row }) => row),
          ) / 20
        const kept = blocks.search(query, { ef, keep: 7 })
        expect([...kept.nodes]).toEqual([...whole.nodes.slice(0, 7)])
      }
      expect(recall).toBeGreaterThan(ef >= 100 ? 0.97 : 0.6)
    })
  })

  test.each(metrics)('a filter is kept, whatever it leaves: %s', (metric) => {
    const dimensions = 32
    const count = 1000
    const vectors = clusteredVectors(count, dimensions, 7)
    const random = randomSource(9)
    withGraphs(vectors, { dimensions, metric }, (_, blocks) => {
      for (const share of [0.5, 0.02, 0]) {
        const allowed = new Uint32Array(Math.ceil(count / 32))
        for (let i = 0; i < count; i++) if (random() < share) allowed[i >> 5]! |= 1 << (i & 31)
        const open = Array.from({ length: count }, (_, i) => i).filter((i) => has(allowed, i)).length
        for (let i = 0; i < 10; i++) {
          const query = vectorAt(vectors, dimensions, 17 * i)
          const { nodes, count: found } = blocks.search(query, { ef: 60, allowed })
          expect(found).toBe(Math.min(60, open))
          expect(nodes.every((node) => has(allowed, node))).toBe(true)
          const expected = referenceNearest(metric, query, vectors, 10, (row) => has(allowed, row)).map(({ row }) => row)
          expect(recallOf(nodes, expected)).toBeGreaterThanOrEqual(0.8)
        }
      }
    })
  })

  test('where nearly all is allowed, blocks are walked as without a filter', () => {
    const [dimensions, count, ef] = [64, 4000, 80]
    const vectors = clusteredVectors(count, dimensions, 15)
    const queries = clusteredVectors(30, dimensions, 16)
    const allowed = new Uint32Array(Math.ceil(count / 32)).fill(~0)
    for (let i = 0; i < count; i += 10) allowed[i >> 5]! &= ~(1 << (i & 31))
    const allowedCount = (count * 9) / 10
    withGraphs(vectors, { dimensions, metric: 'l2' }, (_, blocks) => {
      let [recall, open, most] = [0, 0, 0]
      for (let i = 0; i < 30; i++) {
        const query = vectorAt(queries, dimensions, i)
        open += blocks.search(query, { ef: ef / 0.9 }).evaluations
        const { nodes, evaluations } = blocks.search(query, { ef, allowed, allowedCount })
        most += evaluations
        expect(nodes.every((node) => has(allowed, node))).toBe(true)
        const expected = referenceNearest('l2', query, vectors, 10, (row) => has(allowed, row)).map(({ row }) => row)
        recall += recallOf(nodes, expected) / 30
      }
      expect(recall).toBeGreaterThan(0.94)
      expect(most / open).toBeCloseTo(1, 1)
    })
  })

  test('the visited marks survive their counter wrapping around', () => {
    const dimensions = 8
    const vectors = randomVectors(40, dimensions, 11)
    withGraphs(vectors, { dimensions }, (_, blocks) => {
      const query = vectorAt(vectors, dimensions, 3)
      const expected = blocks.search(query, { ef: 20 })
      for (let i = 0; i < 66_000; i++) blocks.search(query, { ef: 1 })
      for (let i = 0; i < 5; i++) expect(blocks.search(query, { ef: 20 })).toEqual(expected)
    })
  })

  test.each([1, 2, 3])('%i nodes are all found', (count) => {
    for (const metric of metrics) {
      for (const dimensions of [1, 5, 64]) {
        const vectors = randomVectors(count, dimensions, count)
        withGraphs(vectors, { dimensions, metric }, (rows, blocks) => {
          for (let i = 0; i < count; i++) {
            const query = vectorAt(vectors, dimensions, i)
            for (const ef of [count, 50]) {
              const { nodes, estimates } = blocks.search(query, { ef })
              expect(nodes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, node) => node))
              expect([...estimates]).toEqual([...rows.search(query, { ef }).estimates])
            }
          }
        })
      }
    }
  })

  const alike: Readonly<Record<string, (dimensions: number) => number[]>> = {
    'equal vectors': (dimensions) => new Array<number>(dimensions).fill(0.7),
    'zero vectors': (dimensions) => new Array<number>(dimensions).fill(0),
  }

  test.each(Object.keys(alike).flatMap((kind) => metrics.map((metric) => [kind, metric] as const)))(
    'many %s: every node is reached, and as near as any (%s)',
    (kind, metric) => {
      const dimensions = 20
      const vectors = Float32Array.from(Array.from({ length: 300 }, () => alike[kind]!(dimensions)).flat())
      withGraphs(vectors, { dimensions, metric, m: 8, m0: 16 }, (_, blocks) => {
        expect(blocks.audit()).toBe(0)
        for (const query of [
          vectorAt(vectors, dimensions, 0),
          new Float32Array(dimensions).fill(1),
          new Float32Array(dimensions),
        ]) {
          const { count, estimates } = blocks.search(query, { ef: 10 })
          expect(count).toBe(10)
          const [expected] = referenceNearest(metric, query, vectors, 1)
          const slack = 0.02 * (1 + Math.abs(expected!.distance) + query.reduce((sum, x) => sum + x * x, 0))
          expect(estimates.every((estimate) => Math.abs(estimate - expected!.distance) <= slack)).toBe(true)
        }
      })
    },
  )

  test.each<[Metric, number]>([
    ['dot', 1e6],
    ['dot', 1e17],
    ['l2', 1e17],
    ['l2', 1e-15],
    ['cosine', 1e-41],
    ['cosine', 1e17],
  ])('%s of vectors scaled by %f: a graph finds as before', (metric, scale) => {
    const dimensions = 32
    const vectors = clusteredVectors(500, dimensions, 13)
    const queries = clusteredVectors(20, dimensions, 14)
    const searched = { ef: 100, keep: 20 }
    const recallWith = (factor: number, mode: GraphMode): number => {
      const scaled = vectors.map((x) => x * factor)
      let recall = 0
      withGraphs(scaled, { dimensions, metric }, (rows, blocks) => {
        for (let i = 0; i < 20; i++) {
          const query = vectorAt(queries, dimensions, i).map((x) => x * factor)
          const expected = referenceNearest(metric, query, scaled, 10).map(({ row }) => row)
          recall += recallOf((mode === 'speed' ? blocks : rows).search(query, searched).nodes, expected) / 20
        }
      })
      return recall
    }
    for (const mode of ['speed', 'memory'] as const)
      expect(recallWith(scale, mode)).toBeGreaterThanOrEqual(recallWith(1, mode) - 0.01)
  })
})
