import { idBytesMax } from '../../collection/ids.js'
import type { Fields, RecordInput } from '../../collection/types.js'
import { usableVector } from '../../collection/version/vectors.js'
import { VectorError } from '../errors.js'
import { Float, float, int, metadataTypeOf, type Metadata, type MetadataValue } from '../types.js'
import { orderedText, plainText } from './ordered-text.js'

/**
 * An embedding as a record: `{ id: ':key', d: 2, v2: [0.5, 1], 'm:color': { s: 'red' } }`. The vector lies in a field named after its
 * dimension, so that each dimension has its indexes; each value of metadata in a field of its own, by type, so that filters compare
 * only what is comparable. A vector longer than 10^18 lies in `w`, with a mark in `o`. An entity without an embedding has neither `d` nor a vector.
 */
export type EmbeddingRecord = RecordInput & { id: string }

export const dimensionField = 'd'
export const vectorField = (dimension: number): string => `v${dimension}`

/** The numbers of a vector that is longer than indexes take, and the one-dimensional vector by whose index such records are found. */
const outsizeField = 'w'
export const outsizeMarkField = 'o'
export const outsizeMark: readonly number[] = [1]

/** Squares of such vectors leave the range of float32. */
export const isOutsize = (vector: Float32Array): boolean => usableVector(vector) === undefined

const metadataPrefix = 'm:'
const float64Max = Number.MAX_VALUE

/** Ids are never empty, keys may be. @throws VectorError StorageError */
export function idOf(key: string): string {
  const id = `:${orderedText(key)}`
  const bytes = new TextEncoder().encode(id).byteLength
  if (bytes > idBytesMax) throw VectorError.storage(`a key takes at most ${idBytesMax - 1} bytes here, not ${bytes - 1}`)
  return id
}

export const keyOf = (id: string): string => plainText(id.slice(1))

/** The name of the field that holds a value of metadata; dots would make it a path. */
export function metadataField(field: string): string {
  return metadataPrefix + field.replaceAll('%', '%25').replaceAll('.', '%2E')
}

export function recordOf(key: string, vector: Float32Array | undefined, metadata: Metadata): EmbeddingRecord {
  return { id: idOf(key), ...(vector && embeddingFields(vector)), ...metadataFields(metadata) }
}

function embeddingFields(vector: Float32Array): Fields {
  const { length: dimension } = vector
  if (!isOutsize(vector)) return { [dimensionField]: dimension, [vectorField(dimension)]: vector }
  return { [dimensionField]: dimension, [outsizeField]: Array.from(vector), [outsizeMarkField]: outsizeMark }
}

/** Names of the fields that hold an embedding of this dimension. */
export function embeddingFieldsOf(dimension: number): string[] {
  return [dimensionField, vectorField(dimension), outsizeField, outsizeMarkField]
}

export function metadataFields(metadata: Metadata): Fields {
  return Object.fromEntries(Object.entries(metadata).map(([field, value]) => [metadataField(field), encodedValue(value)]))
}

/** Undefined where an entity has no embedding. */
export function vectorOf(record: Fields): Float32Array | undefined {
  const dimension = record[dimensionField]
  if (typeof dimension !== 'number') return undefined
  return Float32Array.from((record[vectorField(dimension)] ?? record[outsizeField]) as number[])
}

export function metadataOf(record: Fields): Metadata {
  return Object.freeze(
    Object.fromEntries(
      Object.entries(record)
        .filter(([name]) => name.startsWith(metadataPrefix))
        .map(([name, value]) => [
          name.slice(metadataPrefix.length).replaceAll('%2E', '.').replaceAll('%25', '%'),
          decodedValue(value as EncodedValue),
        ]),
    ),
  )
}

/** One of: `z` null, `b` a boolean, `s` text in byte order, `n` a number, with `i` the digits of an Int that it rounds or `f` what it hides of a Float. */
interface EncodedValue {
  readonly z?: true
  readonly b?: boolean
  readonly s?: string
  readonly n?: number
  readonly i?: string
  readonly f?: true | 'NaN' | 'Infinity' | '-Infinity' | '-0'
}

function encodedValue(value: MetadataValue): EncodedValue {
  switch (metadataTypeOf(value)) {
    case 'Null':
      return { z: true }
    case 'Bool':
      return { b: value as boolean }
    case 'String':
      return { s: orderedText(value as string) }
    case 'Int':
      return typeof value === 'bigint' ? { n: Number(value), i: String(value) } : { n: value as number }
    case 'Float':
      return encodedFloat(value instanceof Float ? value.value : (value as number))
  }
}

function encodedFloat(value: number): EncodedValue {
  if (Number.isNaN(value)) return { f: 'NaN' }
  if (!Number.isFinite(value)) return { n: comparableNumber(value), f: value > 0 ? 'Infinity' : '-Infinity' }
  if (Object.is(value, -0)) return { n: 0, f: '-0' }
  return float(value) instanceof Float ? { n: value, f: true } : { n: value }
}

function decodedValue({ z, b, s, n, i, f }: EncodedValue): MetadataValue {
  if (z) return null
  if (b !== undefined) return b
  if (s !== undefined) return plainText(s)
  if (i !== undefined) return int(BigInt(i))
  return typeof f === 'string' ? Number(f) : f ? float(n!) : n!
}

/** A number as it is kept for comparing: JSON has no infinities. */
export function comparableNumber(value: number | bigint): number {
  return Math.max(-float64Max, Math.min(float64Max, Number(value)))
}
