import { idBytesMax } from '../../collection/ids.js'
import type { Fields, RecordInput } from '../../collection/types.js'
import { usableVector } from '../../collection/version/vectors.js'
import { VectorError } from '../errors.js'
import { Float, float, int, metadataTypeOf, type Metadata, type MetadataValue } from '../types.js'
import { orderedText, plainText } from './ordered-text.js'

/**
 * An embedding as a record: `{ id: ':key', d: 2, v2: [0.5, 1], 'm:color': 'red' }`. The vector lies in a field named after its
 * dimension, so that each dimension has its indexes; each value of metadata in a field of its own, for filters. A vector longer than 10^18 lies in `w`, with a mark in `o`. An entity without an embedding has neither `d` nor a vector.
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

/**
 * JSON as it is; what JSON has no form for is a list of the number nearest to it, by which filters compare, and what it is: the digits of an
 * Int (`[9007199254740992, { i: '9007199254740993' }]`) or what the number hides of a Float (`[1, { f: true }]`). NaN has no number: `[{ f: 'NaN' }]`.
 */
type EncodedValue = null | boolean | string | number | readonly [number, Exact] | readonly [Exact]

type Exact = { readonly i: string } | { readonly f: true | 'NaN' | 'Infinity' | '-Infinity' | '-0' }

function encodedValue(value: MetadataValue): EncodedValue {
  const type = metadataTypeOf(value)
  if (type === 'Float') return encodedFloat(value instanceof Float ? value.value : (value as number))
  return typeof value === 'bigint' ? [Number(value), { i: String(value) }] : (value as Exclude<MetadataValue, bigint | Float>)
}

function encodedFloat(value: number): EncodedValue {
  if (Number.isNaN(value)) return [{ f: 'NaN' }]
  if (!Number.isFinite(value)) return [comparableNumber(value), { f: value > 0 ? 'Infinity' : '-Infinity' }]
  if (Object.is(value, -0)) return [0, { f: '-0' }]
  return float(value) instanceof Float ? [value, { f: true }] : value
}

function decodedValue(encoded: EncodedValue): MetadataValue {
  if (!Array.isArray(encoded)) return encoded as Exclude<EncodedValue, readonly unknown[]>
  const exact = encoded.at(-1) as Exact
  if ('i' in exact) return int(BigInt(exact.i))
  return exact.f === true ? float(encoded[0] as number) : Number(exact.f)
}

/** A number as it is kept for comparing: JSON has no infinities. */
export function comparableNumber(value: number | bigint): number {
  return Math.max(-float64Max, Math.min(float64Max, Number(value)))
}
