import { badRequest } from '../problem.js'

/** How alike two vectors are; null where that has no answer. */
export interface Similarity {
  /** A threshold that is a number alone is the most, not the least. */
  readonly thresholdIsMost: boolean
  of(a: readonly number[], b: readonly number[]): number | null
}

/**
 * Two families of functions: `gds.similarity.*` as in Neo4j's Graph Data Science ("Similarity functions" of its manual), and `vector.similarity.*`
 * as in Neo4j itself, from 0 to 1.
 */
const similarities = new Map<string, Similarity>([
  ['gds.similarity.cosine', nearness(cosine)],
  ['gds.similarity.euclidean', { ...nearness((a, b) => 1 / (1 + Math.sqrt(squaredDistance(a, b)))), thresholdIsMost: true }],
  ['gds.similarity.euclideanDistance', { ...nearness((a, b) => Math.sqrt(squaredDistance(a, b))), thresholdIsMost: true }],
  ['gds.similarity.jaccard', nearness((a, b) => shared(a, b) / (a.length + b.length - shared(a, b)))],
  ['gds.similarity.overlap', nearness((a, b) => shared(a, b) / Math.min(a.length, b.length))],
  ['gds.similarity.pearson', nearness((a, b) => cosine(centred(a), centred(b)))],
  ['vector.similarity.cosine', nearness((a, b) => (1 + cosine(a, b)) / 2)],
  ['vector.similarity.euclidean', nearness((a, b) => 1 / (1 + squaredDistance(a, b)))],
])

/** The function of a name; one of `gds.similarity` may be named without that. @throws RushProblem 400 */
export function similarityOf(fn: unknown, place: string): Similarity {
  const found = typeof fn === 'string' && (similarities.get(fn) ?? similarities.get(`gds.similarity.${fn}`))
  if (found) return found
  throw badRequest(`"${place}" must be one of ${[...similarities.keys()].join(', ')}`)
}

/** @throws RushProblem 400 */
export function queryVector(query: unknown, place: string): readonly number[] {
  if (Array.isArray(query) && query.length > 0 && query.length <= dimensionsMax && query.every(isNumber)) return query
  throw badRequest(`"${place}" must be a list of 1 to ${dimensionsMax} numbers`)
}

const dimensionsMax = 16_384

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

/** Vectors of different sizes cannot be compared, and what has no direction has no angle. */
function nearness(compute: (a: readonly number[], b: readonly number[]) => number): Similarity {
  return {
    thresholdIsMost: false,
    of(a, b) {
      if (a.length !== b.length || a.length === 0) return null
      const found = compute(a, b)
      return Number.isFinite(found) ? found : null
    },
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  let product = 0
  let squaresOfA = 0
  let squaresOfB = 0
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!
    squaresOfA += a[i]! ** 2
    squaresOfB += b[i]! ** 2
  }
  return Math.max(-1, Math.min(1, product / Math.sqrt(squaresOfA * squaresOfB)))
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}

function centred(a: readonly number[]): readonly number[] {
  const mean = a.reduce((sum, value) => sum + value, 0) / a.length
  return a.map((value) => value - mean)
}

/** How many numbers two lists share, each as often as both have it. */
function shared(a: readonly number[], b: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of a) counts.set(value, (counts.get(value) ?? 0) + 1)
  let found = 0
  for (const value of b) {
    const left = counts.get(value) ?? 0
    if (left === 0) continue
    counts.set(value, left - 1)
    found++
  }
  return found
}
