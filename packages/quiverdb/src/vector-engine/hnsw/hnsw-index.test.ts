import { clusteredVectors, randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { SparseVector } from '../../vector/sparse/sparse-vector.js'
import { HNSWConfig, type HNSWOptions } from './hnsw-config.js'
import { HNSWIndex } from './hnsw-index.js'
import { presetFor } from './presets.js'

const open: HNSWIndex[] = []
afterEach(() => open.splice(0).forEach((index) => index.free()))

async function holding(vectors: readonly ArrayLike<number>[], config?: HNSWConfig | HNSWOptions): Promise<HNSWIndex> {
  const index = await HNSWIndex.create(config)
  open.push(index)
  index.insertMany(vectors)
  return index
}

/** Mean share of the ten nearest by cosine that searches find. */
function recallAt10(index: HNSWIndex, packed: Float32Array, queries: readonly Float32Array[]): number {
  const found = queries.map((query) => {
    const expected = referenceNearest('cosine', query, packed, 10).map(({ row }) => row)
    return recallOf(
      index.search(query, 10).map(({ id }) => id),
      expected,
    )
  })
  return found.reduce((sum, recall) => sum + recall, 0) / queries.length
}

const clustered = clusteredVectors(1500, 32, 1)

describe('HNSWIndex', () => {
  test('case 68: finds the axis', async () => {
    const index = await holding([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) // prettier-ignore
    const hits = index.search([1, 0, 0], 3)
    expect(hits).toHaveLength(3)
    expect(hits[0]).toEqual({ id: 0, score: 1 })
  })

  test('case 69: an empty index finds nothing', async () => {
    const index = await holding([])
    expect(index.search([1, 0], 5)).toEqual([])
    expect(index).toMatchObject({ length: 0, isEmpty: true, dimension: undefined })
    expect(index.memoryStats()).toMatchObject({ totalNodes: 0, memoryBytes: 0 })
  })

  test('cases 70 and 71: by Euclidean distance and by dot product', async () => {
    const euclidean = await holding([[0, 0], [1, 0]], { distanceMetric: 'euclidean' }) // prettier-ignore
    expect(euclidean.search([0, 0], 2)).toEqual([{ id: 0, score: 1 }, { id: 1, score: 0.5 }]) // prettier-ignore
    const dot = await holding([[1, 0], [2, 0], [0.5, 0]], { distanceMetric: 'dotProduct' }) // prettier-ignore
    expect(dot.search([1, 0], 1)).toEqual([{ id: 1, score: 2 }])
    const products = await holding([[3, 0], [5, 0]], { distanceMetric: 'dotProduct' }) // prettier-ignore
    expect(products.search([1, 0], 2)).toEqual([{ id: 1, score: 5 }, { id: 0, score: 3 }]) // prettier-ignore
  })

  test('case 73: takes no more than maxNodes', async () => {
    const index = await holding([[1], [2], [3], [4], [5]], { maxNodes: 5 })
    const refusal = { kind: 'CapacityExceeded', code: 'LIMIT_EXCEEDED', details: { limit: 5, current: 5 } }
    expect(() => index.insert([6])).toThrow(expect.objectContaining(refusal))
    expect(() => index.insertMany([[6], [7]])).toThrow(expect.objectContaining(refusal))
    index.delete(0)
    expect(index.insert([6])).toBe(0)
    const unlimited = await holding([[1], [2]], { maxNodes: 0 })
    expect(unlimited.insert([3])).toBe(2)
  })

  test('case 74: insertAuto keeps vectors with many zeros as sparse ones', async () => {
    const index = await holding([], { sparsityThreshold: 0.7 })
    const zeros = (share: number): number[] => Array.from({ length: 10 }, (_, i) => (i < 10 * share ? 0 : i))
    const kinds = [0.8, 0.2, 0.7, 0.6].map((share) => index.getEmbedding(index.insertAuto(zeros(share)))!.kind)
    expect(kinds).toEqual(['sparse', 'dense', 'sparse', 'dense'])
    expect(index.memoryStats()).toMatchObject({ totalNodes: 4, sparseCount: 2, denseCount: 2 })
  })

  test.each(['default', 'highRecall', 'highSpeed'] as const)('case 78: recall of the preset %s on waves', async (preset) => {
    const rows = Array.from({ length: 500 }, (_, i) => Float32Array.from({ length: 64 }, (_, j) => Math.sin(i * 64 + j)))
    const packed = Float32Array.from(rows.flatMap((row) => Array.from(row)))
    const index = await holding(rows, HNSWConfig[preset]())
    expect(recallAt10(index, packed, rows.slice(0, 50))).toBeGreaterThan(0.95)
  })

  test('finds nearly all in tight clusters', async () => {
    const dimensions = 32
    const random = randomSource(5)
    const centres = clusteredVectors(100, dimensions, 1)
    const noisy = (row: number): Float32Array => vectorAt(centres, dimensions, row % 100).map((x) => x + 0.15 * (random() - 0.5))
    const rows = Array.from({ length: 4000 }, (_, i) => noisy(i))
    const packed = new Float32Array(4000 * dimensions)
    rows.forEach((row, i) => packed.set(row, i * dimensions))
    const index = await holding(rows)
    const queries = Array.from({ length: 100 }, (_, i) => noisy(i))
    expect(recallAt10(index, packed, queries)).toBeGreaterThanOrEqual(0.98)
    expect(index.audit()).toBe(0)
  })

  test('presets keep their promise where that takes more than their effort; an effort that is asked for is exact', async () => {
    const dimensions = 64
    const random = randomSource(9)
    const noise = (count: number) =>
      Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, () => random() - 0.5))
    const rows = noise(3000)
    const packed = new Float32Array(3000 * dimensions)
    rows.forEach((row, i) => packed.set(row, i * dimensions))
    const queries = noise(80)
    for (const preset of ['default', 'highRecall', 'highSpeed'] as const) {
      const config = HNSWConfig[preset]()
      const index = await holding(rows, config)
      expect(recallAt10(index, packed, queries)).toBeGreaterThan(config.recall! - 0.03)
      const fixed = await holding(rows, config.withEfSearch(15))
      index.setEfSearch(15)
      for (const query of queries) {
        expect(fixed.search(query, 10)).toEqual(fixed.searchWithEf(query, 10, 15))
        expect(index.search(query, 10)).toEqual(fixed.search(query, 10))
      }
    }
  })

  test('m and m0 take memory, efConstruction finds more', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => vectorAt(clustered, 32, i))
    const memoryOf = async (config: HNSWOptions) => (await holding(rows, config)).memoryStats().memoryBytes
    const [least, links, lowest] = [
      await memoryOf({ m: 8, m0: 16 }),
      await memoryOf({ m: 16, m0: 16 }),
      await memoryOf({ m: 8, m0: 64 }),
    ]
    expect(links).toBeGreaterThan(least)
    expect(lowest).toBeGreaterThan(least)
    const recallWith = async (efConstruction: number) => {
      const index = await holding(rows, { m: 4, m0: 8, efConstruction, efSearch: 10 })
      return recallAt10(index, clustered, rows.slice(0, 100))
    }
    expect(await recallWith(200)).toBeGreaterThan((await recallWith(4)) + 0.05)
  })

  test('case 105: a query or vector of another dimension is refused', async () => {
    const index = await holding([[1, 0, 0]])
    const refusal = { kind: 'DimensionMismatch', details: { expected: 3, got: 2 } }
    expect(() => index.search([1, 0], 1)).toThrow(expect.objectContaining(refusal))
    expect(() => index.insert([1, 0])).toThrow(expect.objectContaining(refusal))
    expect(() => index.insert([1, 0, NaN])).toThrow(expect.objectContaining({ kind: 'InvalidVector' }))
    expect(() => index.insertMany([[1, 2, 3], []])).toThrow(expect.objectContaining({ kind: 'EmptyVector' }))
    expect(() => index.search([], 1)).toThrow(expect.objectContaining({ kind: 'EmptyVector' }))
    expect(index.length).toBe(1)
  })

  test('k of zero and queries of zeros', async () => {
    const index = await holding([[1, 0], [0, 0]]) // prettier-ignore
    expect(index.search([1, 0], 0)).toEqual([])
    expect(index.search([0, 0], 2)).toEqual([])
    expect(index.search([1, 0], 5)).toEqual([{ id: 0, score: 1 }, { id: 1, score: 0 }]) // prettier-ignore
    const euclidean = await holding([[1, 0], [0, 0]], { distanceMetric: 'euclidean' }) // prettier-ignore
    expect(euclidean.search([0, 0], 1)).toEqual([{ id: 1, score: 1 }])
  })

  test('vectors change and go', async () => {
    const index = await holding([[1, 0], [0, 1], [-1, 0]]) // prettier-ignore
    index.replace(0, [0, -1])
    expect(index.delete(1)).toBe(true)
    expect(index.delete(1)).toBe(false)
    expect(Array.from(index.ids())).toEqual([0, 2])
    expect(index.search([0, -1], 5)).toEqual([{ id: 0, score: 1 }, { id: 2, score: 0 }]) // prettier-ignore
    expect(index.getVector(0)).toEqual(Float32Array.of(0, -1))
    expect([index.has(1), index.getVector(1)]).toEqual([false, undefined])
    expect(index.insert([1, 1])).toBe(1)
  })

  test('vectors come back in the form in which they were given', async () => {
    const index = await holding([])
    const sparse = SparseVector.fromDense([0, 2, 0, 0])
    const ids = [index.insert([1, 2, 3, 4]), index.insertSparse(sparse), index.insertEmbedding(index.getEmbedding(1)!)]
    expect(ids.map((id) => index.getEmbedding(id)!.kind)).toEqual(['dense', 'sparse', 'sparse'])
    expect(index.getEmbedding(2)!.vector).toEqual(sparse)
    index.delete(2)
    const { memoryBytes, ...counts } = index.memoryStats()
    expect(counts).toEqual({ totalNodes: 2, denseCount: 1, sparseCount: 1, embeddingBytes: 2 * 16 })
    expect(memoryBytes).toBeGreaterThan(counts.embeddingBytes)
    expect(index.searchSparse(sparse, 1)[0]!.id).toBe(1)
    expect(index.searchSparseWithEf(sparse, 1, 100)[0]!.id).toBe(1)
    index.replace(1, [1, 1, 1, 1])
    expect(index.getEmbedding(1)).toEqual({ kind: 'dense', vector: Float32Array.of(1, 1, 1, 1) })
  })

  test('a quantised vector loses nothing', async () => {
    const index = await holding([])
    const vector = Float32Array.of(0, 1, 2, 7.3)
    for (const id of [index.insertQuantized(vector), ...index.insertMany([vector], 'quantized')]) {
      expect(index.getEmbedding(id)).toEqual({ kind: 'dense', vector })
    }
  })

  test('counts its searches', async () => {
    const index = await holding([[1, 0]])
    index.search([1, 0], 1)
    index.searchWithEf([1, 0], 1, 100)
    expect(index.accessStats().totalSearches).toBe(2)
    expect(index.accessStats().searchesPerSecond).toBeGreaterThan(0)
  })
})

describe('HNSWConfig', () => {
  test('presets', () => {
    expect(HNSWConfig.default()).toMatchObject({ m: 16, m0: 32, efConstruction: 200, efSearch: 50, sparsityThreshold: 0.5 })
    expect(HNSWConfig.default()).toMatchObject({ maxNodes: 10_000_000, distanceMetric: 'cosine', ml: 1 / Math.log(16) })
    expect(HNSWConfig.highRecall()).toMatchObject({ m: 32, m0: 64, efConstruction: 400, efSearch: 200 })
    expect(HNSWConfig.highSpeed()).toMatchObject({ m: 8, m0: 16, efConstruction: 100, efSearch: 20 })
    expect([HNSWConfig.default(), HNSWConfig.highRecall(), HNSWConfig.highSpeed()].map(({ recall }) => recall)).toEqual([
      0.95, 0.99, 0.85,
    ])
    expect(HNSWConfig.highRecall().withEfSearch(40).withDistanceMetric('euclidean').recall).toBeUndefined()
    expect(HNSWConfig.default().withEfSearch(40).withRecall(0.9)).toMatchObject({ efSearch: 40, recall: 0.9 })
  })

  test('refuses what no graph can be', () => {
    for (const options of [
      { m: 1 },
      { m: 1.5 },
      { m: 8, m0: 4 },
      { efConstruction: 0 },
      { efSearch: 0 },
      { recall: 1 },
      { maxNodes: -1 },
    ]) {
      expect(() => new HNSWConfig(options)).toThrow(expect.objectContaining({ kind: 'ConfigurationError' }))
    }
    expect(() => HNSWConfig.default().withSparsityThreshold(2)).toThrow(/sparsity_threshold/)
  })

  test.each([
    ['text-embedding-ada-002', 'default'],
    ['text-embedding-3-small', 'default'],
    ['openai/text-embedding-3-large', 'highRecall'],
    ['bert-base-uncased', 'default'],
    ['sentence-transformers/all-mpnet-base-v2', 'default'],
    ['all-MiniLM-L6-v2', 'default'],
    ['embed-english-v3.0', 'default'],
    [128, 'highSpeed'],
    [256, 'default'],
    [1536, 'default'],
    [3072, 'highRecall'],
  ] as const)('presetFor(%j) is %s', (given, preset) => expect(presetFor(given)).toEqual(HNSWConfig[preset]()))

  test('presetFor knows no other models', () => {
    expect(() => presetFor('unknown')).toThrow(expect.objectContaining({ kind: 'ConfigurationError' }))
    expect(() => presetFor(0)).toThrow(expect.objectContaining({ kind: 'ConfigurationError' }))
  })
})
