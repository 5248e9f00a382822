/** @typedef {import('./vectors.mjs').Vectors} Vectors */

const queriesAtOnce = 4

/**
 * @typedef {object} Truth
 * @property {number} k
 * @property {Int32Array} rows queries x k row numbers, nearest first
 * @property {Float64Array} distances of these rows, as {@link orderDistance} gives them
 */

/**
 * The exact nearest neighbours, by scanning everything in double precision.
 *
 * @param {Vectors} base at least k rows @param {Vectors} queries @param {'l2' | 'cosine'} metric cosine expects unit vectors
 * @param {number} k
 * @returns {Truth}
 */
export function exactNeighbours(base, queries, metric, k) {
  const nearest = Array.from({ length: queries.rows }, () => new Nearest(k))
  scanAll(base, queries, metric, nearest)
  return truthOf(nearest)
}

/** @param {readonly Nearest[]} nearest of each query, equally many @returns {Truth} */
export function truthOf(nearest) {
  const { length: k } = nearest[0].rows
  const truth = { k, rows: new Int32Array(nearest.length * k), distances: new Float64Array(nearest.length * k) }
  for (const [query, { rows, distances }] of nearest.entries()) {
    truth.rows.set(rows, query * k)
    truth.distances.set(distances, query * k)
  }
  return truth
}

/**
 * Offers every row and its distance in double precision to what each query wants of them.
 *
 * @param {Vectors} base @param {Vectors} queries @param {'l2' | 'cosine'} metric
 * @param {readonly { offer: (row: number, distance: number) => void }[]} wanted one for each query
 */
export function scanAll(base, queries, metric, wanted) {
  const norms = metric === 'l2' ? halfSquaredNorms(base) : new Float64Array(base.rows)
  const nothing = { offer: () => {} }
  for (let first = 0; first < queries.rows; first += queriesAtOnce) {
    const block = Array.from({ length: queriesAtOnce }, (_, i) => queries.row(Math.min(first + i, queries.rows - 1)))
    scan(
      base,
      norms,
      block,
      Array.from(block, (_, i) => wanted[first + i] ?? nothing),
    )
  }
}

/**
 * What orders like the metric: |x|^2 / 2 - q.x for |q - x|^2, -q.x for 1 - cos of unit vectors. The same operations in the same order as
 * in the scan, so that equal vectors have equal distances to the last bit.
 *
 * @param {Float32Array} vector @param {Float32Array} query @param {'l2' | 'cosine'} metric @returns {number}
 */
export function orderDistance(vector, query, metric) {
  let dot = 0
  for (let d = 0; d < vector.length; d++) dot += vector[d] * query[d]
  return (metric === 'l2' ? halfSquaredNorm(vector) : 0) - dot
}

/** Four queries for one pass over the base: its numbers are read from memory once and used four times. */
function scan(base, norms, [q0, q1, q2, q3], wanted) {
  const { values, dimensions } = base
  for (let row = 0, start = 0; row < base.rows; row++, start += dimensions) {
    let d0 = 0
    let d1 = 0
    let d2 = 0
    let d3 = 0
    for (let d = 0; d < dimensions; d++) {
      const value = values[start + d]
      d0 += value * q0[d]
      d1 += value * q1[d]
      d2 += value * q2[d]
      d3 += value * q3[d]
    }
    wanted[0].offer(row, norms[row] - d0)
    wanted[1].offer(row, norms[row] - d1)
    wanted[2].offer(row, norms[row] - d2)
    wanted[3].offer(row, norms[row] - d3)
  }
}

function halfSquaredNorms(vectors) {
  return Float64Array.from({ length: vectors.rows }, (_, row) => halfSquaredNorm(vectors.row(row)))
}

function halfSquaredNorm(vector) {
  let sum = 0
  for (const value of vector) sum += (value * value) / 2
  return sum
}

/** The k nearest so far, in order; equal distances keep the lower row. */
export class Nearest {
  constructor(k) {
    this.distances = new Float64Array(k).fill(Number.POSITIVE_INFINITY)
    this.rows = new Int32Array(k).fill(-1)
  }

  offer(row, distance) {
    const { distances, rows } = this
    let place = distances.length - 1
    if (distance >= distances[place]) return
    while (place > 0 && distance < distances[place - 1]) {
      distances[place] = distances[place - 1]
      rows[place] = rows[place - 1]
      place--
    }
    distances[place] = distance
    rows[place] = row
  }
}
