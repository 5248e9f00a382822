import { clusteredVectors, normal, randomSource, subspaceVectors, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, finishedGraph, knownQueries, loadedGraph, recallAt10Of } from '../testing/build-graph.js'
import { type GraphImage, type GraphMode, nodeBytes, sectionsOf } from './graph-image.js'
import { HnswBuilder, type HnswBuilderOptions } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import { ResidentGraph } from './resident-graph.js'

const count = 1400
const dimensions = 256

function tightClusters(rows: number, dimensions: number): Float32Array {
  const centres = clusteredVectors(100, dimensions, 3, 100)
  const random = randomSource(4)
  return Float32Array.from({ length: rows * dimensions }, (_, i) => {
    const row = Math.floor(i / dimensions)
    return centres[(row % 100) * dimensions + (i % dimensions)]! + 1e-3 * normal(random)
  })
}

describe('modes of graphs', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  const begun = (vectors: Float32Array, dimensions: number, options: Partial<HnswBuilderOptions> = {}): HnswBuilder =>
    begunGraph(pool, vectors, { dimensions, efConstruction: 100, ...options })

  /** All nodes are there, linked, and found by their own vectors. */
  function expectSound(image: GraphImage, vectors: Float32Array) {
    const { dimensions, nodes } = image.header
    const graph = loadedGraph(pool, image)
    expect(nodes).toBe(vectors.length / dimensions)
    expect(graph.audit()).toBe(0)
    const lost = Array.from({ length: nodes }, (_, node) => node).filter(
      (node) => !graph.search(vectorAt(vectors, dimensions, node), { ef: 100, keep: 40 }).nodes.includes(node),
    )
    expect(lost).toEqual([])
    graph.free()
  }

  const low = subspaceVectors(count + 60, dimensions, 24, 5)
  const lowBase = low.subarray(0, count * dimensions)
  const lowQueries = knownQueries(low.subarray(count * dimensions), lowBase, { dimensions })
  const turns: (readonly [GraphMode, GraphMode])[] = [
    ['speed', 'speed'],
    ['speed', 'memory'],
    ['balanced', 'balanced'],
    ['balanced', 'speed'],
    ['balanced', 'memory'],
    ['memory', 'memory'],
    ['memory', 'speed'],
  ]

  test.each(turns)('a graph for %s becomes one for %s, as it is and with more vectors', (from, to) => {
    const part = lowBase.subarray(0, 1200 * dimensions)
    const first = finishedGraph(begun(part, dimensions, { mode: from }))
    expect(first.header.mode).toBe(from)
    const turned = finishedGraph(HnswBuilder.fromImage(pool, first, 0, to))
    expect(turned.header.mode).toBe(to)
    for (const name of sectionsOf(to)) expect(turned.sections[name]).toBeDefined()
    expect(turned.header.nodes).toBe(1200)
    const growing = HnswBuilder.fromImage(pool, turned, 200, to)
    growing.append(lowBase.subarray(1200 * dimensions))
    const grown = finishedGraph(growing)
    expect(grown.header.mode).toBe(to)
    expectSound(grown, lowBase)
    const fresh = finishedGraph(begun(lowBase, dimensions, { mode: to }))
    const [one, other] = [grown, fresh].map((image) => recallAt10Of(pool, image, lowQueries, 60))
    expect(one).toBeGreaterThanOrEqual(other! - 0.01)
  })

  test('16-bit codes are not made of nothing, and float32 graphs have one mode', () => {
    const small = finishedGraph(begun(lowBase.subarray(0, 10 * dimensions), dimensions))
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    expect(() => HnswBuilder.fromImage(pool, small, 0, 'balanced')).toThrow(refused)
    expect(() => begun(lowBase, dimensions, { mode: 'speed', codes: 'float32' })).toThrow(refused)
  })

  test.each(['speed', 'balanced', 'memory'] as const)(
    'a graph for %s takes the memory that it says, and gives it back',
    (mode) => {
      const image = finishedGraph(begun(lowBase, dimensions, { mode }))
      const before = pool.bytesUsed
      const graph = loadedGraph(pool, image)
      const taken = (pool.bytesUsed - before) / count
      const said = nodeBytes(image.header, mode)
      expect(taken).toBeGreaterThanOrEqual(said)
      expect(taken).toBeLessThanOrEqual(1.1 * said)
      graph.free()
      expect(pool.bytesUsed).toBe(before)
      // Building and turning leave scratch of bounded size behind; a second time none.
      const again = (): number => {
        finishedGraph(HnswBuilder.fromImage(pool, image, 10))
        return pool.bytesUsed
      }
      expect(again()).toBe(again())
    },
  )

  test('memory that runs out while a graph is finished leaves it whole', async () => {
    const small = await MemoryPool.create({ memoryBytesMax: 2_500_000 })
    const vectors = lowBase.subarray(0, count * dimensions)
    const centre = new Float32Array(dimensions)
    const builder = HnswBuilder.create(small, {
      ...{ dimensions, metric: 'l2', mode: 'speed', capacity: count, efConstruction: 60 },
      calibration: { centre, phi: 0 },
    })
    builder.append(vectors)
    expect(() => builder.finish()).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(builder.memory.nodes).toBe(count)
    expect(new ResidentGraph(builder.memory).audit()).toBe(0)
    const graph = new ResidentGraph(builder.memory)
    const all = Array.from(
      { length: count },
      (_, node) => graph.search(vectorAt(vectors, dimensions, node), { ef: 64, keep: 1 }).nodes[0]!,
    )
    expect(all.filter((found, node) => found === node).length).toBeGreaterThan(0.99 * count)
    small.close()
  })

  test.each<[string, Float32Array, number, GraphMode]>([
    ['tight clusters in few dimensions', tightClusters(count, 8), 8, 'memory'],
    ['256 dimensions that are nearly 24', lowBase, dimensions, 'speed'],
  ])('blocks are kept where they pay: %s', (_, vectors, width, mode) => {
    const image = finishedGraph(begun(vectors, width, { mode: 'speed' }))
    expect(image.header.mode).toBe(mode)
    expect(image.header.recall!.blocks).toBe(true)
    expectSound(image, vectors)
    // What was measured stays, while the graph is nearly the same.
    const again = finishedGraph(HnswBuilder.fromImage(pool, image, 0, 'speed'))
    expect(again.header).toEqual(image.header)
  })

  test('a graph that grows by little each time is measured again', () => {
    let image = finishedGraph(begun(lowBase.subarray(0, 1000 * dimensions), dimensions))
    for (let rows = 1000; rows < 1600; rows += 100) {
      const builder = HnswBuilder.fromImage(pool, image, 100)
      builder.append(lowBase.subarray(rows * dimensions, (rows + 100) * dimensions))
      image = finishedGraph(builder)
      expect(image.header.recall!.nodes).toBeGreaterThan(image.header.nodes / 1.25)
    }
  })
})
