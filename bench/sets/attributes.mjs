import { Random } from './random.mjs'
import { baseOf, isKept, keep, keptBytes } from './sets.mjs'
import { orderDistance } from './truth.mjs'

/** Every attribute is a whole number below this; equally many rows have each. */
export const bucketCount = 1_000
const pivotCount = 10
const seed = 20240611
const file = 'attributes.u16'

/** Has nothing to do with the vectors. */
export const randomField = 'bucket'
/** Each for a row taken as pivot: 0 for the rows nearest to it, 999 for the farthest. */
export const nearFields = Array.from({ length: pivotCount }, (_, pivot) => `near${pivot}`)
export const attributeFields = [randomField, ...nearFields]

/** @typedef {Record<string, Uint16Array>} Attributes the values of all rows, by the name of the field */

/** Makes the attributes of a set's rows, once. @param {import('./sets.mjs').SetInfo} info of a prepared set */
export function prepareAttributes(info) {
  if (isKept(info, file)) return
  const attributes = madeAttributes(baseOf(info), info.metric)
  const values = new Uint16Array(attributeFields.length * info.rows)
  attributeFields.forEach((field, i) => values.set(attributes[field], i * info.rows))
  keep(info, file, values)
}

/** @param {import('./sets.mjs').SetInfo} info @returns {Attributes} */
export function attributesOf(info) {
  const values = new Uint16Array(keptBytes(info, file))
  return Object.fromEntries(attributeFields.map((field, i) => [field, values.subarray(i * info.rows, (i + 1) * info.rows)]))
}

/** @param {Attributes} attributes @param {number} row @returns {Record<string, number>} */
export function attributesAt(attributes, row) {
  const values = {}
  for (const field of attributeFields) values[field] = attributes[field][row]
  return values
}

/** The rows from which the near ones are counted. @param {number} rows @returns {number[]} different from each other */
export function pivotRows(rows) {
  const random = new Random(seed, 1)
  const pivots = new Set()
  while (pivots.size < pivotCount) pivots.add(Math.floor(random.next() * rows))
  return [...pivots]
}

/** @param {import('./vectors.mjs').Vectors} base @param {'l2' | 'cosine'} metric @returns {Attributes} */
export function madeAttributes(base, metric) {
  const random = new Random(seed)
  const pivots = pivotRows(base.rows).map((pivot, i) => [nearFields[i], ranked(distancesTo(base.row(pivot), base, metric))])
  return { [randomField]: ranked(Float64Array.from({ length: base.rows }, () => random.next())), ...Object.fromEntries(pivots) }
}

/** @param {Float32Array} vector @param {import('./vectors.mjs').Vectors} vectors @returns {Float64Array} in the metric's order */
export function distancesTo(vector, vectors, metric) {
  return Float64Array.from({ length: vectors.rows }, (_, row) => orderDistance(vectors.row(row), vector, metric))
}

/** Ranks, least value first, in buckets of equally many. */
function ranked(values) {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b)
  const buckets = new Uint16Array(values.length)
  order.forEach((row, rank) => (buckets[row] = Math.floor((rank * bucketCount) / values.length)))
  return buckets
}
