import { badRequest } from '../problem.js'
import { isVector, type SimilarityFunction, similarityFunctions } from './entry.js'

export const sourceTypes = ['managed', 'external'] as const

/** A vector search as clients ask for it. */
export interface SearchParams {
  readonly labels: readonly string[]
  readonly propertyName: string
  readonly query?: string
  readonly queryVector?: number[]
  readonly sourceType?: (typeof sourceTypes)[number]
  readonly similarityFunction?: SimilarityFunction
  readonly dimensions?: number
  readonly where?: unknown
  readonly skip: number
  readonly limit: number
}

const limitDefault = 20
/** Records that a search can reach: as far as the library pages. */
const reachMax = 100_000

/**
 * Reads a vector search: `label`, `labels` as a text or as a list, and the rest as documented. A `skip` or `limit` that is none is as if it were not there.
 * @throws RushProblem 400
 */
export function searchParams(body: unknown): SearchParams {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw invalid('', 'must be object')
  const { label, labels, propertyName, query, queryVector, sourceType, similarityFunction, dimensions, where, skip, limit } =
    body as Record<string, unknown>
  const params = {
    labels: labelsOf(label, labels),
    propertyName: required('propertyName', propertyName),
    ...optional('query', query, isText, 'must be string'),
    ...optional('queryVector', queryVector, isVector, 'must be an array of numbers that is not empty'),
    ...optional('sourceType', sourceType, oneOf(sourceTypes), `must be one of ${sourceTypes.join(', ')}`),
    ...optional(
      'similarityFunction',
      similarityFunction,
      oneOf(similarityFunctions),
      `must be one of ${similarityFunctions.join(', ')}`,
    ),
    ...optional('dimensions', dimensions, isCount, 'must be a whole number of at least 1'),
    ...optional('where', where, isObject, 'must be object'),
  }
  const begin = isCount(skip) ? Math.min(skip, reachMax) : 0
  return { ...params, skip: begin, limit: Math.min(isCount(limit) ? limit : limitDefault, reachMax - begin) }
}

function labelsOf(label: unknown, labels: unknown): string[] {
  const given = [label, ...(Array.isArray(labels) ? (labels as unknown[]) : [labels])].filter((one) => one != null && one !== '')
  if (given.length === 0) throw invalid('labels', 'is required')
  if (!given.every(isText)) throw invalid('labels', 'must be string or an array of strings')
  return [...new Set(given)]
}

function required(name: string, value: unknown): string {
  if (value == null) throw invalid(name, 'is required')
  if (typeof value !== 'string' || value === '') throw invalid(name, 'must be a string that is not empty')
  return value
}

function optional<K extends string, V>(
  name: K,
  value: unknown,
  is: (value: unknown) => value is V,
  otherwise: string,
): { readonly [P in K]?: V } {
  if (value == null) return {}
  if (!is(value)) throw invalid(name, otherwise)
  return { [name]: value } as { readonly [P in K]?: V }
}

function oneOf<V extends string>(values: readonly V[]): (value: unknown) => value is V {
  return (value): value is V => values.some((one) => one === value)
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isObject = (value: unknown): value is object => typeof value === 'object' && !Array.isArray(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1

function invalid(name: string, reason: string) {
  return badRequest(`Request validation of body failed, because: "${name}" ${reason}`)
}
