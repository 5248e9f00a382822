import { PbfReader, PbfWriter } from 'pbf'
import type { IndexData, IndexItem, MetadataConfig, MetadataTypes } from '../types.js'
import { VectraError } from '../vectra-error.js'
import type { DocumentCatalog, IndexHead } from './index-codec.js'

// The messages of Vectra's files, proto3:
//   IndexData       { uint32 version = 1; MetadataConfig metadata_config = 2; repeated IndexItem items = 3; }
//   MetadataConfig  { repeated string indexed = 1; }
//   IndexItem       { string id = 1; map<string, MetadataValue> metadata = 2; repeated float vector = 3; double norm = 4; optional string metadata_file = 5; }
//   MetadataValue   { oneof value { string string_value = 1; double number_value = 2; bool bool_value = 3; } }
//   DocumentCatalog { uint32 version = 1; uint32 count = 2; map<string, string> uri_to_id = 3, id_to_uri = 4, uri_to_hash = 5; }

/** What stands before the items. */
export function encodeHead({ version, metadata_config }: IndexHead): Uint8Array {
  checkInteger(version, 'version')
  const writer = new PbfWriter()
  if (version) writer.writeVarintField(1, version >>> 0)
  writer.writeMessage(2, writeConfig, metadata_config ?? {})
  return writer.finish()
}

/** An item with the tag and length that it has in an index. */
export function encodeItem(item: IndexItem): Uint8Array {
  checkItem(item)
  const writer = new PbfWriter(new Uint8Array(64 + 4 * item.vector.length))
  writer.writeMessage(3, writeItem, item)
  return writer.finish()
}

export function encodeCatalog(catalog: DocumentCatalog): Uint8Array {
  const { version, count, uriToId, idToUri, uriToHash } = catalog
  if (version !== undefined) checkInteger(version, 'version')
  if (count !== undefined) checkInteger(count, 'count')
  const writer = new PbfWriter()
  if (version) writer.writeVarintField(1, version >>> 0)
  if (count) writer.writeVarintField(2, count >>> 0)
  writeTexts(writer, 3, uriToId, 'uriToId')
  writeTexts(writer, 4, idToUri, 'idToUri')
  writeTexts(writer, 5, uriToHash, 'uriToHash')
  return writer.finish()
}

export function decodeIndex(bytes: Uint8Array): IndexData {
  const index: IndexData = { version: 0, metadata_config: { indexed: [] }, items: [] }
  return new PbfReader(bytes).readFields((tag, into, reader) => {
    if (tag === 1) into.version = reader.readVarint() >>> 0
    else if (tag === 2) readConfig(reader, into.metadata_config)
    else if (tag === 3) into.items.push(readItem(reader))
  }, index)
}

export function decodeCatalog(bytes: Uint8Array): DocumentCatalog {
  const catalog: DocumentCatalog = { version: 0, count: 0, uriToId: {}, idToUri: {} }
  return new PbfReader(bytes).readFields((tag, into, reader) => {
    if (tag === 1) into.version = reader.readVarint() >>> 0
    else if (tag === 2) into.count = reader.readVarint() >>> 0
    else if (tag === 3) readText(reader, into.uriToId)
    else if (tag === 4) readText(reader, into.idToUri)
    else if (tag === 5) readText(reader, (into.uriToHash ??= {}))
  }, catalog)
}

function writeConfig(config: MetadataConfig, writer: PbfWriter): void {
  const { indexed } = config
  if (indexed === undefined || indexed === null) return
  check(Array.isArray(indexed), 'metadataConfig.indexed: array expected')
  for (const field of indexed) {
    check(typeof field === 'string', 'metadataConfig.indexed: string[] expected')
    writer.writeStringField(1, field)
  }
}

function writeItem(item: IndexItem, writer: PbfWriter): void {
  if (item.id) writer.writeStringField(1, item.id)
  for (const [key, value] of Object.entries(item.metadata ?? {})) writer.writeMessage(2, writeEntry, { key, value })
  writer.writePackedFloat(3, item.vector)
  // Negative zero and not a number are no defaults, but zero is not written.
  if (item.norm !== 0) writer.writeDoubleField(4, item.norm)
  if (item.metadataFile) writer.writeStringField(5, item.metadataFile)
}

function writeEntry({ key, value }: { key: string; value: unknown }, writer: PbfWriter): void {
  writer.writeStringField(1, key)
  writer.writeMessage(2, writeValue, value)
}

function writeValue(value: unknown, writer: PbfWriter): void {
  if (typeof value === 'number') writer.writeDoubleField(2, value)
  else if (typeof value === 'boolean') writer.writeBooleanField(3, value)
  else writer.writeStringField(1, String(value))
}

function writeTexts(writer: PbfWriter, tag: number, texts: Record<string, string> | undefined, name: string): void {
  for (const [key, value] of Object.entries(texts ?? {})) {
    check(typeof value === 'string', `${name}: string{k:string} expected`)
    writer.writeMessage(tag, writeText, { key, value })
  }
}

function writeText({ key, value }: { key: string; value: string }, writer: PbfWriter): void {
  writer.writeStringField(1, key)
  writer.writeStringField(2, value)
}

function readConfig(reader: PbfReader, config: MetadataConfig): void {
  readMessage(reader, config, (tag, into) => {
    if (tag === 1) into.indexed!.push(reader.readString())
  })
}

/** An item, behind its tag. */
export function readItem(reader: PbfReader): IndexItem {
  const item: IndexItem = { id: '', metadata: {}, vector: [], norm: 0 }
  return readMessage(reader, item, (tag, into) => {
    if (tag === 1) into.id = reader.readString()
    else if (tag === 2) readEntry(reader, into.metadata)
    else if (tag === 3) readFloats(reader, into.vector)
    else if (tag === 4) into.norm = reader.readDouble()
    else if (tag === 5) into.metadataFile = reader.readString()
  })
}

/** Packed, or one by one as an older writer may have them. */
function readFloats(reader: PbfReader, into: number[]): void {
  if (reader.type === fixed32) into.push(reader.readFloat())
  else reader.readPackedFloat(into)
}

const fixed32 = 5

function readEntry(reader: PbfReader, metadata: Record<string, MetadataTypes>): void {
  const entry: { key: string; value?: MetadataTypes } = { key: '' }
  readMessage(reader, entry, (tag, into) => {
    if (tag === 1) into.key = reader.readString()
    else if (tag === 2) into.value = readMessage(reader, { value: undefined as MetadataTypes | undefined }, readValue).value
  })
  if (entry.value !== undefined) setOwn(metadata, entry.key, entry.value)
}

function readValue(tag: number, into: { value: MetadataTypes | undefined }, reader: PbfReader): void {
  if (tag === 1) into.value = reader.readString()
  else if (tag === 2) into.value = reader.readDouble()
  else if (tag === 3) into.value = reader.readBoolean()
}

function readText(reader: PbfReader, texts: Record<string, string>): void {
  const entry = { key: '', value: '' }
  readMessage(reader, entry, (tag, into) => {
    if (tag === 1) into.key = reader.readString()
    else if (tag === 2) into.value = reader.readString()
  })
  setOwn(texts, entry.key, entry.value)
}

/** A key of any name: `__proto__` too is only a key. */
function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}

/** A message behind its tag, whose length has to be there. */
function readMessage<T>(reader: PbfReader, into: T, readField: (tag: number, into: T, reader: PbfReader) => void): T {
  const end = reader.readVarint() + reader.pos
  if (end > reader.length) throw cutShort()
  reader.readFields(readField, into, end)
  if (reader.pos !== end) throw cutShort()
  return into
}

function checkItem({ id, vector, norm, metadataFile }: IndexItem): void {
  check(typeof id === 'string', 'items.id: string expected')
  check(Array.isArray(vector), 'items.vector: array expected')
  check(
    vector.every((number) => typeof number === 'number'),
    'items.vector: number[] expected',
  )
  check(typeof norm === 'number', 'items.norm: number expected')
  check(metadataFile === undefined || typeof metadataFile === 'string', 'items.metadataFile: string expected')
}

const checkInteger = (value: unknown, name: string): void =>
  check(value === undefined || value === null || Number.isInteger(value), `${name}: integer expected`)

function check(holds: boolean, what: string): void {
  if (!holds) throw new VectraError('INVALID_ARGUMENT', `Protobuf verify error: ${what}`)
}

const cutShort = (): VectraError => new VectraError('CORRUPT', 'index out of range')
