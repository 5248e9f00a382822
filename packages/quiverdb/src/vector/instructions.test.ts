import { bestInstructions } from '@quiverdb/kernel'
import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GraphImage, type GraphMode, sectionsOf } from './graph-image.js'
import { GraphStatistics } from './graph-statistics.js'
import { HnswBuilder } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import type { Metric } from './metric.js'
import { ResidentGraph } from './resident-graph.js'
import { packedBlocks } from './block-packing.js'

const rows = 1500
const queriesCount = 60

/** Node 22 and later have relaxed SIMD. */
describe.runIf(bestInstructions() === 'relaxed')('a kernel with relaxed SIMD answers like the plain one, bit for bit', () => {
  let plain: MemoryPool
  let relaxed: MemoryPool

  beforeAll(async () => {
    plain = await MemoryPool.create({ instructions: 'plain' })
    relaxed = await MemoryPool.create({ instructions: 'relaxed' })
  })

  afterAll(() => {
    plain.close()
    relaxed.close()
  })

  test.each<[Metric, GraphMode, number]>([
    ['l2', 'speed', 48],
    ['cosine', 'speed', 100],
    ['dot', 'speed', 17],
    ['cosine', 'balanced', 100],
    ['l2', 'memory', 768],
    ['cosine', 'speed', 3],
  ])('%s for %s in %i dimensions: graphs and hits', (metric, mode, dimensions) => {
    const vectors = clusteredVectors(rows + queriesCount, dimensions, 7)
    const base = vectors.subarray(0, rows * dimensions)
    const one = imageIn(plain, base, dimensions, metric, mode)
    const other = imageIn(relaxed, base, dimensions, metric, mode)
    expect(other.header).toEqual(one.header)
    for (const name of sectionsOf(mode)) expect(Buffer.compare(one.sections[name]!, other.sections[name]!)).toBe(0)
    const graphs = [plain, relaxed].map((pool) =>
      ResidentGraph.load(pool, one.header, (name, target) => target.set(one.sections[name]!)),
    )
    for (let query = 0; query < queriesCount; query++) {
      const vector = vectorAt(vectors, dimensions, rows + query).slice()
      for (const ef of [10, 40, 600]) {
        const [a, b] = graphs.map((graph) => graph.search(vector, { ef, keep: 20 }))
        expect(b).toEqual(a)
        expect(a!.count).toBeGreaterThan(0)
      }
    }
    for (const graph of graphs) graph.free()
  })

  function imageIn(pool: MemoryPool, base: Float32Array, dimensions: number, metric: Metric, mode: GraphMode): GraphImage {
    const statistics = new GraphStatistics(pool, dimensions, metric)
    statistics.add(base)
    // Blocks in any case: where rows serve better, a builder leaves them out.
    const built = mode === 'speed' ? 'memory' : mode
    const calibration = statistics.finish()
    const builder = HnswBuilder.create(pool, { dimensions, metric, mode: built, capacity: rows, calibration })
    builder.append(base)
    const finished = builder.finish()
    const packed = mode === 'speed' ? packedBlocks(builder.memory) : undefined
    const image = packed?.image() ?? finished
    packed?.free()
    builder.free()
    return image
  }
})
