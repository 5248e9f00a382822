/** A source of numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A number from the standard normal distribution (Box and Muller). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Vectors around random centres, tightly packed. The centres depend on their own seed, so that queries can share them. */
export function clusteredVectors(count: number, dimensions: number, seed: number, clusters = 20, centreSeed = 1): Float32Array {
  const centreRandom = randomSource(centreSeed)
  const centres = Float32Array.from({ length: clusters * dimensions }, () => normal(centreRandom))
  const random = randomSource(seed)
  const out = new Float32Array(count * dimensions)
  for (let i = 0; i < count; i++) {
    const centre = Math.floor(random() * clusters) * dimensions
    for (let j = 0; j < dimensions; j++) out[i * dimensions + j] = centres[centre + j]! + 0.7 * normal(random)
  }
  return out
}

/** Vectors within a random subspace of so many dimensions, tightly packed, as learnt embeddings nearly are. Vectors of any seed share the subspace. */
export function subspaceVectors(count: number, dimensions: number, rank: number, seed: number): Float32Array {
  const basisRandom = randomSource(rank)
  const basis = Float32Array.from({ length: rank * dimensions }, () => normal(basisRandom))
  const random = randomSource(seed)
  const out = new Float32Array(count * dimensions)
  for (let i = 0; i < count; i++) {
    const weights = Float64Array.from({ length: rank }, () => normal(random))
    for (let j = 0; j < dimensions; j++) {
      out[i * dimensions + j] = weights.reduce((sum, weight, axis) => sum + weight * basis[axis * dimensions + j]!, 0)
    }
  }
  return out
}

export type ReferenceMetric = 'cosine' | 'dot' | 'l2'

/** A metric by its definition, summed plainly in float64. */
export function referenceDistance(metric: ReferenceMetric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0
  let l2 = 0
  let normA = 0
  let normB = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!
    const y = b[i]!
    dot += x * y
    l2 += (x - y) ** 2
    normA += x * x
    normB += y * y
  }
  if (metric === 'l2') return l2
  if (metric === 'dot') return -dot
  return normA && normB ? Math.min(2, Math.max(0, 1 - dot / Math.sqrt(normA * normB))) : 1
}

/** The i-th of tightly packed vectors. */
export const vectorAt = (vectors: Float32Array, dimensions: number, i: number): Float32Array =>
  vectors.subarray(i * dimensions, (i + 1) * dimensions)

/** The k nearest by definition, ties by number. */
export function referenceNearest(
  metric: ReferenceMetric,
  query: Float32Array,
  vectors: Float32Array,
  k: number,
  allowed: (row: number) => boolean = () => true,
): { row: number; distance: number }[] {
  const { length: dimensions } = query
  const all: { row: number; distance: number }[] = []
  for (let row = 0; row * dimensions < vectors.length; row++) {
    if (allowed(row)) all.push({ row, distance: referenceDistance(metric, query, vectorAt(vectors, dimensions, row)) })
  }
  return all.sort((a, b) => a.distance - b.distance || a.row - b.row).slice(0, k)
}

/** The share of `expected` that is among `found`. */
export function recallOf(found: ArrayLike<number>, expected: readonly number[]): number {
  const set = new Set(Array.from(found))
  return expected.length ? expected.filter((row) => set.has(row)).length / expected.length : 1
}
