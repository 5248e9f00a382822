import { Type } from 'typebox'
import { badRequest } from '../problem.js'

export const similarityFunctions = ['cosine', 'euclidean'] as const
export type SimilarityFunction = (typeof similarityFunctions)[number]

export const similarityFunction = Type.Union(similarityFunctions.map((name) => Type.Literal(name)))

/** A vector that comes with a record: of which property, and where several external indexes fit, of which of them. */
export interface VectorEntry {
  readonly propertyName: string
  readonly vector: number[]
  readonly similarityFunction?: SimilarityFunction
}

/**
 * What stands where entries are expected, in the rows of an import too, which no schema reads.
 * @throws RushProblem 400
 */
export function vectorEntries(value: unknown, place = 'vectors'): VectorEntry[] {
  if (value == null) return []
  if (!Array.isArray(value)) throw badRequest(`"${place}" must be an array`)
  return value.map((entry: unknown, i) => {
    const wrong = wrongPartOf(entry)
    if (wrong !== undefined) throw badRequest(`"${place}.${i}${wrong}`)
    return entry as VectorEntry
  })
}

function wrongPartOf(entry: unknown): string | undefined {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return '" must be object'
  const { propertyName, vector, similarityFunction: named } = entry as Partial<Record<keyof VectorEntry, unknown>>
  if (typeof propertyName !== 'string' || propertyName === '') return '.propertyName" must be a text that is not empty'
  if (!isVector(vector)) return '.vector" must be an array of numbers'
  if (named != null && !similarityFunctions.some((name) => name === named))
    return `.similarityFunction" must be one of ${similarityFunctions.join(', ')}`
  return undefined
}

export function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === 'number')
}
