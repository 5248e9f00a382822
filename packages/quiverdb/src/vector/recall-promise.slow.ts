import { clusteredVectors, normal, randomSource, subspaceVectors } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, type KnownQueries, knownQueries, recallAt10In } from '../testing/build-graph.js'
import { packedBlocks } from './block-packing.js'
import { graphPresets } from './graph-image.js'
import type { GraphMemory } from './graph-memory.js'
import { MemoryPool } from './memory-pool.js'
import type { Metric } from './metric.js'
import { effortFor } from './recall-curve.js'
import { RecallGauge } from './recall-gauge.js'

const count = 8000
const unseen = 300
const all = count + unseen
/** What collections keep for the 10 nearest, and so their least effort. */
const kept = 36
const targets = [0.85, 0.95, 0.99]
/** A promise may be missed by this much. */
const tolerance = 0.01
/** Twice the effort that unseen queries need may be made, and so much more where that is little. */
const effortMore = 100
/** Efforts are looked for in steps of this factor. */
const effortStep = 1.15

const filled = (dimensions: number, number: () => number): Float32Array => Float32Array.from({ length: all * dimensions }, number)
const random = randomSource(21)

function tightClusters(dimensions: number): Float32Array {
  const centres = clusteredVectors(100, dimensions, 3, 100)
  let i = 0
  return filled(dimensions, () => {
    const row = Math.floor(i / dimensions)
    return centres[(row % 100) * dimensions + (i++ % dimensions)]! + 0.15 * normal(random)
  })
}

/** Clusters whose vectors are of very unequal length: those of the longest are near to every query. */
function spreadNorms(dimensions: number): Float32Array {
  const vectors = clusteredVectors(all, dimensions, 11)
  for (let row = 0; row < all; row++) {
    const factor = Math.exp(0.4 * normal(random))
    for (let i = 0; i < dimensions; i++) vectors[row * dimensions + i]! *= factor
  }
  return vectors
}

const sets: readonly (readonly [string, number, Metric, () => Float32Array, blocks?: boolean])[] = [
  ['clusters', 128, 'l2', () => clusteredVectors(all, 128, 7)],
  ['tight clusters', 128, 'cosine', () => tightClusters(128)],
  ['uniform numbers', 32, 'l2', () => filled(32, random)],
  ['noise', 128, 'l2', () => filled(128, () => normal(random))],
  ['norms that are spread', 64, 'dot', () => spreadNorms(64)],
  ['24 of 256 dimensions', 256, 'cosine', () => subspaceVectors(all, 256, 24, 5)],
  ['24 of 256 dimensions, over blocks', 256, 'cosine', () => subspaceVectors(all, 256, 24, 5), true],
]

describe('the effort for a recall finds it with unseen queries, and is not much more than they need', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  /** The least effort that finds so much. */
  function needed(memory: GraphMemory, queries: KnownQueries, recall: number): number {
    let ef = kept
    while (recallAt10In(memory, queries, Math.ceil(ef)) < recall && ef < count) ef *= effortStep
    return ef
  }

  const cases = sets.flatMap((set) => Object.values(graphPresets).map((preset) => [set[0], preset.m, set, preset] as const))
  test.each(cases)('%s, M %d', (_, __, [, dimensions, metric, make, blocks], { m, m0, efConstruction }) => {
    const vectors = make()
    const base = vectors.subarray(0, count * dimensions)
    const queries = knownQueries(vectors.subarray(count * dimensions), base, { dimensions, metric })
    const builder = begunGraph(pool, base, { dimensions, metric, m, m0, efConstruction })
    builder.insertNext(count)
    builder.repair()
    const memory = blocks ? packedBlocks(builder.memory) : builder.memory
    const gauge = new RecallGauge()
    gauge.advance(memory)
    const curve = gauge.curve()!
    const outcomes = targets.map((target) => {
      const ef = Math.max(kept, effortFor(curve, 10, target))
      return { target, ef, recall: recallAt10In(memory, queries, ef), needed: needed(memory, queries, target) }
    })
    if (blocks) memory.free()
    builder.free()
    expect(outcomes.filter(({ target, recall }) => recall < target - tolerance)).toEqual([])
    expect(outcomes.filter(({ ef, needed }) => ef > 2 * needed + effortMore)).toEqual([])
  })
})
