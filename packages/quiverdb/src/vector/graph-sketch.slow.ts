import { clusteredVectors, normal, randomSource, recallOf, subspaceVectors } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, finishedGraph, knownQueries, loadedGraph } from '../testing/build-graph.js'
import { graphPresets } from './graph-image.js'
import { MemoryPool } from './memory-pool.js'
import type { Metric } from './metric.js'

const count = 20_000
const unseen = 200
const all = count + unseen
/** What collections keep for the 10 nearest. */
const kept = 36
const efforts = [50, 100, 200, 400, 800, 1_600]
const tolerance = 0.02
const random = randomSource(21)

const filled = (dimensions: number, number: () => number): Float32Array => Float32Array.from({ length: all * dimensions }, number)
const noise = (dimensions: number): Float32Array => filled(dimensions, () => normal(random))

function spreadNorms(vectors: Float32Array, dimensions: number): Float32Array {
  for (let row = 0; row < all; row++) {
    const factor = Math.exp(0.4 * normal(random))
    for (let i = 0; i < dimensions; i++) vectors[row * dimensions + i]! *= factor
  }
  return vectors
}

/** Last: whether sketches are surely used with some effort. */
const sets: readonly (readonly [string, number, Metric, () => Float32Array, boolean])[] = [
  ['clusters', 128, 'l2', () => clusteredVectors(all, 128, 7), false],
  ['uniform numbers', 64, 'l2', () => filled(64, random), false],
  ['noise', 128, 'l2', () => noise(128), true],
  ['noise', 256, 'cosine', () => noise(256), true],
  ['noise whose norms are spread', 128, 'dot', () => spreadNorms(noise(128), 128), true],
  ['24 of 256 dimensions', 256, 'cosine', () => subspaceVectors(all, 256, 24, 5), true],
  ['96 of 384 dimensions', 384, 'dot', () => subspaceVectors(all, 384, 96, 5), true],
  ['96 of 384 dimensions, norms that are spread', 384, 'l2', () => spreadNorms(subspaceVectors(all, 384, 96, 6), 384), true],
]

describe('with an effort for which sketches are looked at, unseen queries find as much as a walk does', async () => {
  const pool = await MemoryPool.create({ memoryBytesMax: 4 * 1024 ** 3 })
  afterAll(() => pool.close())

  const cases = sets.flatMap((set) =>
    (['default', 'highSpeed'] as const).map((preset) => [set[0], set[1], set[2], preset, set] as const),
  )
  test.each(cases)('%s, %i, %s, %s', { timeout: 300_000 }, (_, dimensions, metric, preset, [, , , make, isUsed]) => {
    const vectors = make()
    const base = vectors.subarray(0, count * dimensions)
    const { queries, nearest } = knownQueries(vectors.subarray(count * dimensions), base, { dimensions, metric })
    const { m, m0, efConstruction } = graphPresets[preset]
    const image = finishedGraph(begunGraph(pool, base, { dimensions, metric, m, m0, efConstruction, mode: 'speed' }))
    const recall = { ...image.header.recall!, sketch: undefined }
    const graph = loadedGraph(pool, image)
    const walked = loadedGraph(pool, { ...image, header: { ...image.header, recall } })
    const found = (of: typeof graph, ef: number): number =>
      queries.reduce((sum, query, i) => {
        const { nodes } = of.search(query, { ef, keep: Math.min(ef, kept), least: 10 })
        return sum + recallOf(nodes, nearest[i]!) / queries.length
      }, 0)
    const used = efforts.filter((ef) => graph.search(queries[0]!, { ef, keep: kept, least: 10 }).way === 'sketch')
    const outcomes = used.map((ef) => ({ ef, sketched: found(graph, ef), walked: found(walked, ef) }))
    graph.free()
    walked.free()
    if (isUsed) expect(used.length).toBeGreaterThan(0)
    expect(outcomes.filter((outcome) => outcome.sketched < outcome.walked - tolerance)).toEqual([])
  })
})
