import { Nearest } from '../sets/truth.mjs'

/**
 * How one writes it without a library: a loop over two arrays, one number at a time. Smaller is nearer.
 *
 * @typedef {(a: Float32Array, b: Float32Array) => number} PlainDistance
 */

/** @type {PlainDistance} */
const dotProduct = (a, b) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** @type {PlainDistance} */
const cosine = (a, b) => {
  let dot = 0
  let squaresA = 0
  let squaresB = 0
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i]
    squaresA += a[i] * a[i]
    squaresB += b[i] * b[i]
  }
  return dot / Math.sqrt(squaresA * squaresB)
}

/** @type {PlainDistance} */
const euclidean = (a, b) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i])
  return Math.sqrt(sum)
}

/** @type {PlainDistance} */
const manhattan = (a, b) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i])
  return sum
}

/** @type {PlainDistance} */
const chebyshev = (a, b) => {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]))
  return most
}

/** @type {PlainDistance} */
const jaccard = (a, b) => {
  let both = 0
  let either = 0
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== 0 && b[i] !== 0) both++
    if (a[i] !== 0 || b[i] !== 0) either++
  }
  return either > 0 ? both / either : 1
}

/** @type {PlainDistance} */
const weightedJaccard = (a, b) => {
  let least = 0
  let most = 0
  for (let i = 0; i < a.length; i++) {
    least += Math.min(Math.abs(a[i]), Math.abs(b[i]))
    most += Math.max(Math.abs(a[i]), Math.abs(b[i]))
  }
  return most > 0 ? least / most : 1
}

/** @type {PlainDistance} */
const overlap = (a, b) => {
  let both = 0
  let inA = 0
  let inB = 0
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== 0) inA++
    if (b[i] !== 0) inB++
    if (a[i] !== 0 && b[i] !== 0) both++
  }
  return Math.min(inA, inB) > 0 ? both / Math.min(inA, inB) : 0
}

/** @type {PlainDistance} */
const angle = (a, b) => Math.acos(Math.min(1, cosine(a, b)))

/** @type {PlainDistance} with the default weights */
const composite = (a, b) => 0.5 * ((cosine(a, b) + 1) / 2) + 0.3 * jaccard(a, b) + 0.2 / (1 + euclidean(a, b))

/** @type {Record<import('quiverdb').MeasureName, PlainDistance>} the raw values of the measures of the same names */
export const plainMeasures = {
  cosine,
  dot: dotProduct,
  euclidean,
  angular: angle,
  geodesic: angle,
  manhattan,
  chebyshev,
  jaccard,
  weightedJaccard,
  overlap,
  composite,
}

/**
 * @param {readonly Float32Array[]} vectors @param {Float32Array} query
 * @param {{ distance: PlainDistance, higherIsBetter: boolean, k: number }} options
 * @returns {Nearest}
 */
export function plainSearch(vectors, query, { distance, higherIsBetter, k }) {
  const nearest = new Nearest(k)
  const sign = higherIsBetter ? -1 : 1
  for (let row = 0; row < vectors.length; row++) nearest.offer(row, sign * distance(vectors[row], query))
  return nearest
}
