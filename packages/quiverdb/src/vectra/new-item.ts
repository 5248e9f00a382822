import { v4 as uuid } from 'uuid'
import type { MetadataFileContent } from './item-changes.js'
import { ItemSelector } from './item-selector.js'
import type { IndexItem, ItemInput, MetadataConfig, MetadataTypes } from './types.js'
import { VectraError } from './vectra-error.js'

type Metadata = Record<string, MetadataTypes>

/** An item as it will be stored, with the file that holds its metadata where not all of it is indexed. */
export interface NewItem {
  readonly item: IndexItem
  readonly file?: MetadataFileContent
}

/** @throws VectraError INVALID_VECTOR: there is none, or something in it is not a finite number */
export function newItem(input: ItemInput<Metadata>, { indexed }: MetadataConfig, extension: string): NewItem {
  const vector = checkedVector(input.vector)
  const id = input.id ?? uuid()
  const metadata = input.metadata ?? {}
  const item: IndexItem = { id, metadata, vector, norm: ItemSelector.normalize(vector) }
  if (!indexed?.length) return { item }
  item.metadata = onlyKeys(metadata, indexed)
  if (Object.keys(metadata).every((key) => indexed.includes(key))) return { item }
  item.metadataFile = `${uuid()}${extension}`
  return { item, file: { name: item.metadataFile, metadata } }
}

function onlyKeys(metadata: Metadata, keys: readonly string[]): Metadata {
  const kept: Metadata = {}
  for (const key of keys) if (Object.hasOwn(metadata, key)) kept[key] = metadata[key]!
  return kept
}

/** A plain array: of typed ones the files would hold objects. */
function checkedVector(vector: ArrayLike<number> | undefined): number[] {
  if (!vector) throw new VectraError('INVALID_VECTOR', 'Vector is required')
  const isList = Array.isArray(vector) || (ArrayBuffer.isView(vector) && !(vector instanceof DataView))
  const numbers = isList ? Array.from(vector) : undefined
  const bad = numbers ? numbers.findIndex((number) => !Number.isFinite(number)) : 0
  if (numbers && bad < 0) return numbers
  const what = numbers ? `number ${bad} is ${String(numbers[bad])}` : `it is ${typeof vector}`
  throw new VectraError('INVALID_VECTOR', `Vector must be an array of finite numbers: ${what}`, { details: { position: bad } })
}
