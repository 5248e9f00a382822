import { Random } from './random.mjs'

const seed = 20240607
const dimensions = 768
const latentDimensions = 48
const centres = 1_000
const clusterSigma = 0.55
const meanSigma = 0.8
const noiseSigma = 0.35

/**
 * Vectors with the shape of text embeddings: topics of very unequal size (the weight of rank r is r^-0.5), few real dimensions
 * spread over many coordinates, a common direction that all of them share, and noise. Unit length.
 *
 * A set of fewer rows is a prefix of a set of more.
 *
 * @param {number} rows @param {number} queries
 * @returns {{ base: Float32Array, queries: Float32Array }} row-major
 */
export function textSet(rows, queries) {
  const model = textModel()
  return { base: draw(model, new Random(seed, 1), rows), queries: draw(model, new Random(seed, 2), queries) }
}

function textModel() {
  const random = new Random(seed, 0)
  const normals = (count, sigma) => Float64Array.from({ length: count }, () => sigma * random.normal())
  const cumulative = new Float64Array(centres)
  for (let rank = 0, sum = 0; rank < centres; rank++) cumulative[rank] = sum += (rank + 1) ** -0.5
  return {
    cumulative,
    centres: normals(centres * latentDimensions, 1),
    // Scaled so that a projected coordinate has deviation 1: the mean and the noise are given on that scale.
    projection: normals(dimensions * latentDimensions, 1 / Math.sqrt(latentDimensions)),
    mean: normals(dimensions, meanSigma),
  }
}

function draw(model, random, rows) {
  const vectors = new Float32Array(rows * dimensions)
  const latent = new Float64Array(latentDimensions)
  for (let row = 0; row < rows; row++) {
    const centre = pick(model.cumulative, random.next())
    for (let l = 0; l < latentDimensions; l++) {
      latent[l] = model.centres[centre * latentDimensions + l] + clusterSigma * random.normal()
    }
    project(model, latent, random, vectors.subarray(row * dimensions, (row + 1) * dimensions))
  }
  return vectors
}

function project(model, latent, random, vector) {
  let squares = 0
  for (let d = 0; d < dimensions; d++) {
    let value = model.mean[d] + noiseSigma * random.normal()
    for (let l = 0, p = d * latentDimensions; l < latentDimensions; l++, p++) value += model.projection[p] * latent[l]
    vector[d] = value
    squares += value * value
  }
  const scale = 1 / Math.sqrt(squares)
  for (let d = 0; d < dimensions; d++) vector[d] *= scale
}

function pick(cumulative, fraction) {
  const target = fraction * cumulative[cumulative.length - 1]
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle] > target) high = middle
    else low = middle + 1
  }
  return low
}
