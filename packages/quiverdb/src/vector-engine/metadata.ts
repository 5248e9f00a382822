import { type Float, float, int, metadataTypeOf, type Metadata, type MetadataValue } from './types.js'

export const noMetadata: Metadata = Object.freeze({})

/** A frozen copy whose values are as plain as their types allow. @throws VectorError StorageError */
export function plainMetadata(metadata: Metadata): Metadata {
  if (metadata === noMetadata) return metadata
  return Object.freeze(Object.fromEntries(Object.entries(metadata).map(([field, value]) => [field, plain(value)])))
}

/** Fields of the second replace those of the first. @throws VectorError StorageError */
export function mergedMetadata(metadata: Metadata, changes: Metadata): Metadata {
  return Object.freeze({ ...metadata, ...plainMetadata(changes) })
}

export function withoutField(metadata: Metadata, field: string): Metadata {
  return Object.freeze(Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== field)))
}

function plain(value: MetadataValue): MetadataValue {
  const type = metadataTypeOf(value)
  if (type === 'Int') return int(BigInt(value as number | bigint))
  return type === 'Float' && typeof value === 'object' ? float((value as Float).value) : value
}
