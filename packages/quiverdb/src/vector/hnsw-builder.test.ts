import { clusteredVectors, normal, randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { GraphImage } from './graph-image.js'
import { sectionsOf } from './graph-image.js'
import { GraphStatistics } from './graph-statistics.js'
import { HnswBuilder, type HnswBuilderOptions } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'
import { ResidentGraph } from './resident-graph.js'

const dimensions = 16

describe('HnswBuilder', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  function build(vectors: Float32Array, options: Partial<HnswBuilderOptions> = {}, chunkRows = 500, perStep = 1000): GraphImage {
    const metric = options.metric ?? 'l2'
    const capacity = vectors.length / dimensions
    const statistics = new GraphStatistics(pool, dimensions, metric)
    statistics.add(vectors)
    const builder = HnswBuilder.create(pool, { dimensions, metric, capacity, calibration: statistics.finish(), ...options })
    for (let i = 0; i < vectors.length; i += chunkRows * dimensions) {
      builder.append(vectors.subarray(i, i + chunkRows * dimensions))
      while (builder.insertNext(perStep));
    }
    const image = builder.finish()
    builder.free()
    return image
  }

  const load = ({ header, sections }: GraphImage) =>
    ResidentGraph.load(pool, header, (name, target) => target.set(sections[name]!))

  function recallAt10(image: GraphImage, vectors: Float32Array, queries: Float32Array, ef: number): number {
    const graph = load(image)
    const count = queries.length / dimensions
    let recall = 0
    for (let i = 0; i < count; i++) {
      const query = vectorAt(queries, dimensions, i)
      const expected = referenceNearest(image.header.metric, query, vectors, 10).map(({ row }) => row)
      recall += recallOf(graph.search(query, { ef }).nodes, expected) / count
    }
    graph.free()
    return recall
  }

  function audit(image: GraphImage): number {
    const graph = load(image)
    const missing = graph.audit()
    graph.free()
    return missing
  }

  test('equal input gives equal bytes, however it is cut into steps', () => {
    const vectors = clusteredVectors(1500, dimensions, 1)
    const one = build(vectors)
    const other = build(vectors, {}, 500, 37)
    expect(other.header).toEqual(one.header)
    for (const name of sectionsOf('memory')) expect(Buffer.compare(one.sections[name]!, other.sections[name]!)).toBe(0)
  })

  test.each(metrics)('inserting into a copy is as good as building anew: %s', (metric: Metric) => {
    const vectors = clusteredVectors(3000, dimensions, 2)
    const queries = clusteredVectors(50, dimensions, 3)
    const first = build(vectors.subarray(0, 2400 * dimensions), { metric })
    const builder = HnswBuilder.fromImage(pool, first, 600)
    builder.append(vectors.subarray(2400 * dimensions))
    expect(builder.pending).toBe(600)
    expect(builder.rebuildAdvised).toBe(false)
    const merged = builder.finish()
    builder.free()
    expect(merged.header.nodes).toBe(3000)
    const fresh = build(vectors, { metric })
    const recall = recallAt10(merged, vectors, queries, 50)
    expect(recall).toBeGreaterThanOrEqual(recallAt10(fresh, vectors, queries, 50) - 0.02)
    expect(recall).toBeGreaterThanOrEqual(0.95)
    expect(audit(merged)).toBe(0)
  })

  test.each(metrics)('leaves dead nodes out of a copy, as if they had never been there: %s', (metric: Metric) => {
    const vectors = clusteredVectors(3000, dimensions, 5)
    const queries = clusteredVectors(60, dimensions, 6)
    const old = build(vectors.subarray(0, 2400 * dimensions), { metric })
    const dead = Uint32Array.from({ length: 800 }, (_, i) => 3 * i)
    const builder = HnswBuilder.fromImage(pool, old, 600, old.header.mode, dead)
    builder.append(vectors.subarray(2400 * dimensions))
    const merged = builder.finish()
    builder.free()
    const living = Float32Array.from(
      Array.from({ length: 3000 }, (_, i) => i)
        .filter((i) => i >= 2400 || i % 3)
        .flatMap((i) => [...vectorAt(vectors, dimensions, i)]),
    )
    expect(merged.header.nodes).toBe(2200)
    expect(audit(merged)).toBe(0)
    const recall = recallAt10(merged, living, queries, 50)
    expect(recall).toBeGreaterThanOrEqual(recallAt10(build(living, { metric }), living, queries, 50) - 0.02)
  })

  test.each(['int8', 'float32'] as const)('leaves out whole clusters, the entry, nearly all and all: %s', (codes) => {
    const vectors = clusteredVectors(1200, dimensions, 7)
    const old = build(vectors, { codes })
    const numbers = Array.from({ length: 1200 }, (_, i) => i)
    const near = (i: number) => vectors[i * dimensions]! > 0
    const deaths = [numbers.filter(near), [old.header.entry], numbers.slice(5), numbers]
    for (const dead of deaths) {
      const isDead = new Set(dead)
      const builder = HnswBuilder.fromImage(pool, old, 3, old.header.mode, Uint32Array.from(dead))
      builder.append(vectors.subarray(0, 3 * dimensions))
      const image = builder.finish()
      builder.free()
      const living = [...numbers.filter((i) => !isDead.has(i)), 0, 1, 2]
      expect(image.header.nodes).toBe(living.length)
      expect(audit(image)).toBe(0)
      const graph = load(image)
      for (const place of [0, living.length >> 1, living.length - 1]) {
        const query = vectorAt(vectors, dimensions, living[place]!)
        expect(graph.search(query, { ef: 20 }).nodes.slice(0, 2)).toContain(place)
      }
      graph.free()
    }
  })

  test('what stays keeps its order, levels and codes', () => {
    const vectors = clusteredVectors(500, dimensions, 8)
    const old = build(vectors)
    const dead = Uint32Array.of(0, 7, 8, 499)
    const builder = HnswBuilder.fromImage(pool, old, 0, old.header.mode, dead)
    const image = builder.finish()
    builder.free()
    const staying = Array.from({ length: 500 }, (_, i) => i).filter((i) => !dead.includes(i))
    expect([...image.sections.levels!]).toEqual(staying.map((i) => old.sections.levels![i]))
    const { stride } = old.header
    const rows = staying.map((i) => Buffer.from(old.sections.codes!.subarray(i * stride, (i + 1) * stride)))
    expect(Buffer.compare(image.sections.codes!, Buffer.concat(rows))).toBe(0)
  })

  const random = randomSource(11)
  const spread = (count: number, vector: (i: number) => number[]) =>
    Float32Array.from(Array.from({ length: count }, (_, i) => vector(i)).flat())
  const point = (scale: number, offset = 0) => Array.from({ length: dimensions }, () => offset + scale * normal(random))
  const centres = Array.from({ length: 40 }, () => point(10))
  const adversaries: Record<string, Float32Array> = {
    'all equal': spread(2000, () => new Array<number>(dimensions).fill(1)),
    'all zero': spread(500, () => new Array<number>(dimensions).fill(0)),
    'half of them equal': spread(3000, (i) => (i % 2 ? new Array<number>(dimensions).fill(0.5) : point(1))),
    'each one fifty times, in order': spread(3000, (i) => centres[Math.floor(i / 75)]!),
    'each one often, shuffled': spread(3000, () => centres[Math.floor(random() * 40)]!),
    'tight clusters, one after the other': spread(3000, (i) =>
      centres[Math.floor(i / 75)]!.map((x) => x + 1e-4 * normal(random)),
    ),
    'on a line, in order': spread(3000, (i) => new Array<number>(dimensions).fill(i)),
    'ever farther away': spread(1500, (i) => point(1.01 ** i)),
  }

  for (const [name, vectors] of Object.entries(adversaries)) {
    test.each(['int8', 'float32'] as const)(`${name}: every node can be reached (%s)`, (codes) => {
      for (const metric of metrics) expect(audit(build(vectors, { metric, codes, m: 8, m0: 16, efConstruction: 60 }))).toBe(0)
    })
  }

  test('finds its way into clusters that came one after the other', () => {
    const vectors = adversaries['tight clusters, one after the other']!
    const graph = load(build(vectors))
    let hits = 0
    for (let cluster = 0; cluster < 40; cluster++) {
      const { nodes } = graph.search(Float32Array.from(centres[cluster]!), { ef: 75 })
      hits += nodes.filter((node) => Math.floor(node / 75) === cluster).length
    }
    graph.free()
    expect(hits / 3000).toBeGreaterThanOrEqual(0.9)
  })

  test('says when inserted vectors are too long for the dot graph; a scan finds them even so', () => {
    const vectors = clusteredVectors(800, dimensions, 4)
    const first = build(vectors, { metric: 'dot' })
    const builder = HnswBuilder.fromImage(pool, first, 10)
    builder.append(vectors.subarray(0, 5 * dimensions))
    expect(builder.rebuildAdvised).toBe(false)
    builder.append(vectors.subarray(0, 5 * dimensions).map((x) => 4 * x))
    expect(builder.rebuildAdvised).toBe(true)
    const image = builder.finish()
    builder.free()
    expect(image.header.excessMax).toBeGreaterThan(0)
    const graph = load(image)
    expect(graph.scan(vectorAt(vectors, dimensions, 2), { k: 1 }).nodes).toContain(807)
    graph.free()
  })

  test('goes on where no memory has room for more', async () => {
    const large = await MemoryPool.create({ memoryBytesMax: 16 * 1024 ** 3 })
    const wide = 16_384
    const vectors = clusteredVectors(40, wide, 4)
    const builder = HnswBuilder.create(large, { dimensions: wide, metric: 'l2', capacity: 40, m: 4, m0: 8 })
    builder.append(vectors.subarray(0, 20 * wide))
    builder.insertNext(20)
    const used = large.bytesUsed
    expect(() => builder.grown(300_000)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(large.bytesUsed).toBe(used)
    builder.append(vectors.subarray(20 * wide))
    expect(builder.finish().header.nodes).toBe(40)
    expect(new ResidentGraph(builder.memory).audit()).toBe(0)
    large.close()
  })

  test('refuses what does not fit', () => {
    const builder = HnswBuilder.create(pool, { dimensions, metric: 'l2', capacity: 2 })
    expect(() => builder.append(new Float32Array(3 * dimensions))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    expect(() => builder.append(new Float32Array(dimensions + 1))).toThrow(
      expect.objectContaining({ code: 'DIMENSION_MISMATCH' }),
    )
    expect(() => HnswBuilder.create(pool, { dimensions, metric: 'dot', capacity: 2 })).toThrow(/calibration/)
    expect(() => HnswBuilder.create(pool, { dimensions, metric: 'l2', capacity: 2, m: 1 })).toThrow(/m must be/)
    expect(builder.finish().header.nodes).toBe(0)
    builder.free()
  })
})
