import { recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import type { GraphImage } from '../vector/graph-image.js'
import type { GraphMemory } from '../vector/graph-memory.js'
import { packedBlocks } from '../vector/block-packing.js'
import { GraphStatistics } from '../vector/graph-statistics.js'
import { HnswBuilder, type HnswBuilderOptions } from '../vector/hnsw-builder.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { ResidentGraph } from '../vector/resident-graph.js'

export type GraphTestOptions = Partial<HnswBuilderOptions> & { readonly dimensions: number }

/** A builder to which the vectors were appended. */
export function begunGraph(pool: MemoryPool, vectors: Float32Array, options: GraphTestOptions): HnswBuilder {
  const { dimensions, metric = 'l2' } = options
  const statistics = new GraphStatistics(pool, dimensions, metric)
  statistics.add(vectors)
  const calibration = statistics.finish()
  const builder = HnswBuilder.create(pool, { metric, capacity: vectors.length / dimensions, calibration, ...options })
  builder.append(vectors)
  return builder
}

export function finishedGraph(builder: HnswBuilder): GraphImage {
  const image = builder.finish()
  builder.free()
  return image
}

export function loadedGraph(pool: MemoryPool, { header, sections }: GraphImage): ResidentGraph {
  return ResidentGraph.load(pool, header, (name, target) => target.set(sections[name]!))
}

/** Queries with their 10 nearest. */
export interface KnownQueries {
  readonly queries: readonly Float32Array[]
  readonly nearest: readonly (readonly number[])[]
}

export function knownQueries(
  queries: Float32Array,
  vectors: Float32Array,
  { dimensions, metric = 'l2' }: GraphTestOptions,
): KnownQueries {
  const each = Array.from({ length: queries.length / dimensions }, (_, i) => vectorAt(queries, dimensions, i))
  return { queries: each, nearest: each.map((query) => referenceNearest(metric, query, vectors, 10).map(({ row }) => row)) }
}

/** The share of the 10 nearest that is among what a search keeps for them, to be ranked by exact distances. */
export function recallAt10In(memory: GraphMemory, { queries, nearest }: KnownQueries, ef: number): number {
  const graph = new ResidentGraph(memory)
  const recalls = queries.map((query, i) => recallOf(graph.search(query, { ef, keep: Math.min(ef, 36) }).nodes, nearest[i]!))
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length
}

/** The same of a graph that is loaded for it. */
export function recallAt10Of(pool: MemoryPool, image: GraphImage, known: KnownQueries, ef: number): number {
  const graph = loadedGraph(pool, image)
  const recall = recallAt10In(graph.memory, known, ef)
  graph.free()
  return recall
}

/** The same graph over rows and over blocks, whether blocks pay or not. */
export function withRowsAndBlocks(
  pool: MemoryPool,
  vectors: Float32Array,
  options: GraphTestOptions,
  use: (rows: ResidentGraph, blocks: ResidentGraph) => void,
): void {
  const builder = begunGraph(pool, vectors, options)
  builder.insertNext(builder.pending)
  builder.repair()
  const packed = packedBlocks(builder.memory)
  use(new ResidentGraph(builder.memory), new ResidentGraph(packed))
  packed.free()
  builder.free()
}
