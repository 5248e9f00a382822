import { dimensionsMax } from '../vector/metric.js'
import type { VectorEngineConfig } from './config.js'
import { VectorError } from './errors.js'
import { DEFAULT_COLLECTION, type PersistentVectorIndex } from './types.js'

/** A vector as callers give it: an array or typed array of finite numbers, kept as float32. */
export type VectorInput = ArrayLike<number>

/**
 * A vector to be stored, in float32: itself where it is that already. `declared` is the dimension of the place where it goes, if that has one.
 * @throws VectorError EmptyVector, DimensionMismatch, InvalidVector
 */
export function checkedVector(vector: VectorInput, config: VectorEngineConfig, declared?: number): Float32Array {
  if (!vector.length) throw VectorError.emptyVector()
  checkDimension(vector, config, declared)
  return finite(vector)
}

/**
 * A query in float32: itself where it is that already. The checks come in this order, so that the first that fails is the one that is reported.
 * @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector
 */
export function checkedQuery(query: VectorInput, k: number, config: VectorEngineConfig, declared?: number): Float32Array {
  if (!query.length) throw VectorError.emptyVector()
  if (!(Number.isInteger(k) && k > 0)) throw VectorError.invalidTopK()
  checkDimension(query, config, declared)
  return finite(query)
}

/** Whether all of a saved collection can be stored. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector, StorageError */
export function checkSnapshot({ collection, config, vectors }: PersistentVectorIndex, engine: VectorEngineConfig): void {
  const own = collection === DEFAULT_COLLECTION ? undefined : config.dimension
  for (const { key, vector } of vectors) {
    checkKey(key)
    checkedVector(vector, engine, own ?? engine.defaultDimension)
  }
}

/** Keys are well-formed strings: others would not come back from a file as they were. @throws VectorError StorageError */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key === 'string' && key.isWellFormed()) return
  throw VectorError.storage(
    `a key is a string of well-formed Unicode, not ${typeof key === 'string' ? JSON.stringify(key) : typeof key}`,
  )
}

function checkDimension(vector: VectorInput, config: VectorEngineConfig, declared: number | undefined): void {
  const got = vector.length
  if (declared !== undefined && got !== declared) throw VectorError.dimensionMismatch(declared, got)
  const max = config.maxDimension ?? dimensionsMax
  if (got > Math.min(max, dimensionsMax)) throw VectorError.dimensionMismatch(Math.min(max, dimensionsMax), got)
}

function finite(vector: VectorInput): Float32Array {
  const numbers = vector instanceof Float32Array ? vector : new Float32Array(vector)
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) throw VectorError.invalidVector(i, vector[i])
  return numbers
}
