import { badRequest } from '../problem.js'
import { isNumber, queryVector, type Similarity, similarityOf } from './similarity.js'
import type { Similar, Threshold } from './where-tree.js'

const thresholdOperators = ['$gt', '$gte', '$lt', '$lte', '$ne'] as const

/** Reads `$vector`: `{ fn: 'gds.similarity.cosine', query: [1, 0], threshold: 0.5 }`. @throws RushProblem 400 */
export function parseSimilar(property: string, operand: unknown, place: string): Similar {
  if (typeof operand !== 'object' || operand === null) throw badRequest(`"${place}" must be an object { fn, query, threshold }`)
  const { fn, query, threshold } = operand as Readonly<Record<string, unknown>>
  const similarity = similarityOf(fn, `${place}.fn`)
  return {
    property,
    similarity,
    query: queryVector(query, `${place}.query`),
    thresholds: thresholdsOf(threshold, similarity, `${place}.threshold`),
  }
}

/** A number alone is one bound. */
function thresholdsOf(threshold: unknown, { thresholdIsMost }: Similarity, place: string): Threshold[] {
  if (isNumber(threshold)) return [{ op: thresholdIsMost ? '$lte' : '$gte', value: threshold }]
  if (typeof threshold !== 'object' || threshold === null) throw badRequest(`"${place}" must be a number or an object of numbers`)
  const given = Object.entries(threshold)
  if (given.length === 0) throw badRequest(`"${place}" must not be empty`)
  return given.map(([key, value]) => {
    const op = thresholdOperators.find((name) => name === key)
    if (op && isNumber(value)) return { op, value }
    throw badRequest(`"${place}.${key}" must be a number for one of ${thresholdOperators.join(', ')}`)
  })
}
