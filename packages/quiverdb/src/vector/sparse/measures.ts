import { gallop, type Entries } from './entries.js'

/** Measures of two sparse vectors. The first three and the set measures grow with likeness, the others with distance. */
export type SparseMetric =
  'dot' | 'cosine' | 'jaccard' | 'overlap' | 'weightedJaccard' | 'angular' | 'euclidean' | 'manhattan' | 'chebyshev'

export const sparseMetrics: readonly SparseMetric[] = [
  'dot',
  'cosine',
  'jaccard',
  'overlap',
  'weightedJaccard',
  'angular',
  'euclidean',
  'manhattan',
  'chebyshev',
]

/** Whether a higher score is a better one. */
export function higherIsBetter(metric: SparseMetric): boolean {
  return metric !== 'angular' && metric !== 'euclidean' && metric !== 'manhattan' && metric !== 'chebyshev'
}

/** From this ratio of lengths on, looking entries up is cheaper than walking past them. */
const gallopRatio = 16
const float32Max = 3.4028234663852886e38

/** The measure of two vectors, from their entries. Sums are taken in float64 in ascending order of positions. */
export function measure(metric: SparseMetric, a: Entries, b: Entries): number {
  switch (metric) {
    case 'dot':
      return dot(a, b)
    case 'cosine':
      return cosineOf(dot(a, b), magnitude(a), magnitude(b))
    case 'angular':
      return Math.acos(measure('cosine', a, b))
    case 'jaccard':
      return jaccardOf(sharedCount(a, b), a.end - a.start, b.end - b.start)
    case 'overlap':
      return overlapOf(sharedCount(a, b), a.end - a.start, b.end - b.start)
    case 'weightedJaccard':
      return weightedJaccard(a, b)
    case 'euclidean':
      return boundedDistance(Math.sqrt(unionSums(a, b).squares))
    case 'manhattan':
      return boundedDistance(unionSums(a, b).differences)
    case 'chebyshev':
      return boundedDistance(unionSums(a, b).largest)
  }
}

export function dot(a: Entries, b: Entries): number {
  return sumOverShared(a, b, false)
}

/** How many positions have a value in both. */
function sharedCount(a: Entries, b: Entries): number {
  return sumOverShared(a, b, true)
}

export function squaredMagnitude({ values, start, end }: Entries): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += values[i]! * values[i]!
  return sum
}

export function magnitude(entries: Entries): number {
  return Math.sqrt(squaredMagnitude(entries))
}

/** The cosine in [-1, 1]; 0 where there is none: a vector without length, or numbers that are not finite. */
export function cosineOf(product: number, magnitudeA: number, magnitudeB: number): number {
  if (magnitudeA === 0 || magnitudeB === 0) return 0
  const cosine = product / magnitudeA / magnitudeB
  return Number.isFinite(cosine) ? Math.max(-1, Math.min(1, cosine)) : 0
}

/** |A and B| / |A or B|; two empty sets are alike. */
export function jaccardOf(shared: number, a: number, b: number): number {
  return a + b === 0 ? 1 : shared / (a + b - shared)
}

/** |A and B| / min(|A|, |B|); an empty set overlaps nothing. */
export function overlapOf(shared: number, a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : shared / Math.min(a, b)
}

function weightedJaccard(a: Entries, b: Entries): number {
  if (a.start === a.end && b.start === b.end) return 1
  const { smaller, larger } = unionSums(a, b)
  const ratio = smaller / larger
  return Number.isFinite(ratio) ? ratio : 0
}

/** Distances end at the largest float32; what has no distance (NaN) is as far away as that. */
export function boundedDistance(distance: number): number {
  return distance <= float32Max ? distance : float32Max
}

function sumOverShared(a: Entries, b: Entries, counting: boolean): number {
  const short = a.end - a.start <= b.end - b.start ? a : b
  const long = short === a ? b : a
  if (long.end - long.start >= gallopRatio * (short.end - short.start)) return sumByLookup(short, long, counting)
  const { positions: pa, values: va, end: endA } = short
  const { positions: pb, values: vb, end: endB } = long
  let sum = 0
  let i = short.start
  let j = long.start
  while (i < endA && j < endB) {
    const p = pa[i]!
    const q = pb[j]!
    if (p === q) sum += counting ? 1 : va[i]! * vb[j]!
    if (p <= q) i++
    if (q <= p) j++
  }
  return sum
}

function sumByLookup(short: Entries, long: Entries, counting: boolean): number {
  let sum = 0
  let at = long.start
  for (let i = short.start; i < short.end; i++) {
    const position = short.positions[i]!
    at = gallop(long.positions, position, at, long.end)
    if (at === long.end) break
    if (long.positions[at] === position) sum += counting ? 1 : short.values[i]! * long.values[at]!
  }
  return sum
}

interface UnionSums {
  /** Sum of (a-b)^2. */
  readonly squares: number
  /** Sum of |a-b|. */
  readonly differences: number
  /** Largest |a-b|. */
  readonly largest: number
  /** Sum of min(|a|, |b|). */
  readonly smaller: number
  /** Sum of max(|a|, |b|). */
  readonly larger: number
}

/** One walk over all positions that either has: it costs the same to sum one thing or five. */
export function unionSums(a: Entries, b: Entries): UnionSums {
  let squares = 0
  let differences = 0
  let largest = 0
  let smaller = 0
  let larger = 0
  let i = a.start
  let j = b.start
  while (i < a.end || j < b.end) {
    const p = i < a.end ? a.positions[i]! : Infinity
    const q = j < b.end ? b.positions[j]! : Infinity
    const x = p <= q ? a.values[i++]! : 0
    const y = q <= p ? b.values[j++]! : 0
    const difference = Math.abs(x - y)
    squares += difference * difference
    differences += difference
    largest = Math.max(largest, difference)
    smaller += Math.min(Math.abs(x), Math.abs(y))
    larger += Math.max(Math.abs(x), Math.abs(y))
  }
  return { squares, differences, largest, smaller, larger }
}
