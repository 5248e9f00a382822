import { Random } from './random.mjs'
import { Vectors } from './vectors.mjs'

/**
 * @typedef {object} Recipe of synthetic vectors: points of a space of few dimensions, in clusters or not, projected into many, a common mean
 *   and noise added, made unit length. Deviations are on a scale on which a projected coordinate of a cluster's centre has 1.
 * @property {number} seed
 * @property {number} dimensions
 * @property {number} [latentDimensions] absent: the points are made in the many dimensions at once
 * @property {number} [centres] absent: one cluster around zero
 * @property {number} [weightPower] a cluster of rank r is drawn with a weight of r to this power. Default: 0, all alike
 * @property {number} [clusterSigma] of a point around its centre. Default: 1
 * @property {number} [meanSigma] of the common mean. Default: 0
 * @property {number} [noiseSigma] of each coordinate. Default: 0
 */

const modelStream = 0
export const baseStream = 1
export const queryStream = 2
export const copyStream = 3

/** Draws the vectors of a recipe in order, a batch at a time: a set of fewer rows is a prefix of a set of more. */
export class LatentSource {
  #recipe
  #model
  #random

  /** @param {Recipe} recipe @param {number} stream the vectors of one stream are independent of those of another */
  constructor(recipe, stream) {
    this.#recipe = recipe
    this.#model = modelOf(recipe)
    this.#random = new Random(recipe.seed, stream)
  }

  /** @param {number} rows @returns {Vectors} the next ones */
  next(rows) {
    const { dimensions } = this.#recipe
    const vectors = new Vectors(new Float32Array(rows * dimensions), dimensions)
    for (let row = 0; row < rows; row++) this.#draw(vectors.row(row))
    return vectors
  }

  #draw(vector) {
    const { clusterSigma = 1, noiseSigma = 0 } = this.#recipe
    const { centres, cumulative, latentDimensions, mean } = this.#model
    const random = this.#random
    const centre = centres === undefined ? 0 : pick(cumulative, random.next())
    const point = new Float64Array(latentDimensions)
    for (let l = 0; l < latentDimensions; l++) {
      point[l] = (centres?.[centre * latentDimensions + l] ?? 0) + clusterSigma * random.normal()
    }
    let squares = 0
    for (let d = 0; d < vector.length; d++) {
      let value = mean?.[d] ?? 0
      if (noiseSigma > 0) value += noiseSigma * random.normal()
      value = projected(this.#model, point, d, value)
      vector[d] = value
      squares += value * value
    }
    const scale = 1 / Math.sqrt(squares)
    for (let d = 0; d < vector.length; d++) vector[d] *= scale
  }
}

function modelOf({ seed, dimensions, latentDimensions, centres, weightPower = 0, meanSigma = 0 }) {
  const random = new Random(seed, modelStream)
  const normals = (count, sigma) => Float64Array.from({ length: count }, () => sigma * random.normal())
  const space = latentDimensions ?? dimensions
  return {
    latentDimensions: space,
    cumulative: cumulativeWeights(centres ?? 0, weightPower),
    centres: centres === undefined ? undefined : normals(centres * space, 1),
    projection: latentDimensions === undefined ? undefined : normals(dimensions * space, 1 / Math.sqrt(space)),
    mean: meanSigma === 0 ? undefined : normals(dimensions, meanSigma),
  }
}

function cumulativeWeights(centres, power) {
  const cumulative = new Float64Array(centres)
  for (let rank = 0, sum = 0; rank < centres; rank++) cumulative[rank] = sum += (rank + 1) ** power
  return cumulative
}

/** The first place whose cumulative weight is beyond this fraction of all. */
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

/** A coordinate of the point, added to what is there. */
function projected({ projection, latentDimensions }, point, d, value) {
  if (projection === undefined) return value + point[d]
  for (let l = 0, p = d * latentDimensions; l < latentDimensions; l++, p++) value += projection[p] * point[l]
  return value
}
