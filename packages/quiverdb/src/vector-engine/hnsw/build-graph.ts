import type { MemoryPool } from '../../vector/memory-pool.js'
import { AttachedGraph } from '../attached-graph.js'
import type { Embedding } from '../embedding.js'
import type { EmbeddingSpace } from '../embedding-space.js'
import type { HNSWBuildOptions } from './build-options.js'
import { HNSWIndex } from './hnsw-index.js'
import { EmbeddingStorageError } from './storage-error.js'

/** Vectors are handed to an index in pieces of this size. */
const chunkBytes = 16 * 1024 ** 2

/**
 * A graph over all vectors of one dimension, in the order of their keys. With `keys`, which gets the key of each id, the index belongs to the
 * caller; without, it is freed when the graph is given up.
 * @throws QuiverError MEMORY_FULL; EmbeddingStorageError CapacityExceeded
 */
export function buildGraph(
  pool: MemoryPool,
  space: EmbeddingSpace,
  dimension: number,
  options: HNSWBuildOptions,
  keys?: string[],
): AttachedGraph {
  const embeddings = embeddingsOf(space, dimension)
  const { maxNodes } = options.hnswConfig
  if (maxNodes && embeddings.length > maxNodes) throw EmbeddingStorageError.capacityExceeded(maxNodes, embeddings.length)
  const index = new HNSWIndex(pool, options.hnswConfig)
  const graph = new AttachedGraph(index, keys ?? [], !keys)
  const chunk = Math.ceil(chunkBytes / (4 * dimension))
  try {
    for (let first = 0; first < embeddings.length; first += chunk) {
      const some = embeddings.slice(first, first + chunk)
      const ids = index.insertMany(
        some.map((embedding) => space.read(embedding)),
        options.storage,
      )
      ids.forEach((id, i) => graph.bind(id, some[i]!))
    }
  } catch (error) {
    index.free()
    throw error
  }
  return graph
}

/**
 * Has an index that someone else built follow a space. What the index holds is first made what the space holds, since embeddings may have come,
 * changed and gone after it was built. Undefined for an index that never held a vector.
 */
export function followWith(index: HNSWIndex, keys: string[], space: EmbeddingSpace): AttachedGraph | undefined {
  const { dimension } = index
  if (dimension === undefined) return undefined
  const graph = new AttachedGraph(index, keys, false)
  const changed: [Embedding, Float32Array][] = []
  for (const id of index.ids()) {
    const embedding = keys[id] === undefined ? undefined : space.get(keys[id])
    if (!embedding || embedding.place.dimension !== dimension || graph.has(embedding)) {
      index.delete(id)
      continue
    }
    graph.bind(id, embedding)
    const vector = space.read(embedding)
    const known = index.getVector(id)!
    if (vector.some((number, i) => number !== known[i])) changed.push([embedding, vector])
  }
  for (const embedding of embeddingsOf(space, dimension)) {
    if (!graph.has(embedding)) changed.push([embedding, space.read(embedding)])
  }
  graph.put(changed)
  return graph
}

function embeddingsOf(space: EmbeddingSpace, dimension: number): Embedding[] {
  return space.keys
    .all()
    .map((key) => space.get(key)!)
    .filter(({ place }) => place.dimension === dimension)
}
