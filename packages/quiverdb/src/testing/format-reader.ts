import assert from 'node:assert/strict'

const mask = (1n << 64n) - 1n
const [p1, p2, p3, p4, p5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
]
const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask
const round = (lane: bigint, input: bigint): bigint => (rotate((lane + input * p2) & mask, 31n) * p1) & mask

function xxh64(bytes: Buffer, seed: bigint): bigint {
  let at = 0
  let hash = (seed + p5) & mask
  if (bytes.length >= 32) {
    const lanes = [seed + p1 + p2, seed + p2, seed, seed - p1].map((lane) => lane & mask)
    for (; at + 32 <= bytes.length; at += 32)
      lanes.forEach((lane, i) => (lanes[i] = round(lane, bytes.readBigUInt64LE(at + 8 * i))))
    hash = [1n, 7n, 12n, 18n].reduce((sum, by, i) => (sum + rotate(lanes[i]!, by)) & mask, 0n)
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * p1 + p4) & mask
  }
  hash = (hash + BigInt(bytes.length)) & mask
  for (; at + 8 <= bytes.length; at += 8) hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4) & mask
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * p1) & mask), 23n) * p2 + p3) & mask
    at += 4
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]!) * p5) & mask), 11n) * p1) & mask
  hash = ((hash ^ (hash >> 33n)) * p2) & mask
  hash = ((hash ^ (hash >> 29n)) * p3) & mask
  return hash ^ (hash >> 32n)
}

function checksum(bytes: Buffer): bigint {
  let hash = 0n
  for (let start = 0; start === 0 || start < bytes.length; start += 2 ** 20)
    hash = xxh64(bytes.subarray(start, start + 2 ** 20), hash)
  return hash
}

export interface Container {
  kind: string
  meta: unknown
  section(name: string): Buffer | undefined
}

function readContainer(bytes: Buffer): Container {
  assert.equal(bytes.subarray(0, 8).toString('latin1'), 'QUIVER\r\n')
  assert.equal(bytes.readUInt32LE(8), 1)
  const length = bytes.readUInt32LE(12)
  const body = bytes.readUInt32LE(24)
  assert.equal(body % 64, 0)
  assert.equal(BigInt(bytes.readUInt32LE(28)), checksum(bytes.subarray(0, 28)) & 0xffffffffn)
  const json = bytes.subarray(32, 32 + length)
  assert.equal(checksum(json), bytes.readBigUInt64LE(16))
  const {
    kind,
    meta,
    sections,
    bytes: size,
  } = JSON.parse(json.toString()) as {
    kind: string
    meta: unknown
    sections: [string, number, number, string][]
    bytes: number
  }
  assert(bytes.length >= body + size)
  const found = new Map<string, Buffer>()
  for (const [name, offset, sectionLength, sum] of sections) {
    assert.equal(offset % 64, 0)
    const section = bytes.subarray(body + offset, body + offset + sectionLength)
    assert.equal(checksum(section).toString(16), sum)
    found.set(name, section)
  }
  return { kind, meta, section: (name) => found.get(name) }
}

export const float64s = (bytes: Buffer): Float64Array => new Float64Array(Uint8Array.from(bytes).buffer)
export const float32s = (bytes: Buffer): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer)
export const uint32s = (bytes: Buffer): Uint32Array => new Uint32Array(Uint8Array.from(bytes).buffer)
const bit = (words: Uint32Array, at: number): boolean => (((words[at >>> 5] ?? 0) >>> (at & 31)) & 1) === 1

interface Row {
  id: string
  rid: number
  text: string
  /** By key of column: a vector, or -1 for that of the record before. */
  vectors: Map<string, { vid: number; values: number[] } | -1>
}

function readRows(part: Container, base: number): Row[] {
  assert.equal(part.kind, 'rows')
  const { rows, columns } = part.meta as { rows: number; columns: { key: string; dimensions: number }[] }
  const texts = (name: string): string[] => {
    const offsets = uint32s(part.section(`${name}Offsets`)!)
    return Array.from({ length: rows }, (_, slot) =>
      part
        .section(`${name}Bytes`)!
        .subarray(offsets[slot], offsets[slot + 1])
        .toString(),
    )
  }
  const rids = part.section('rids') && float64s(part.section('rids')!)
  const [ids, fields] = [texts('id'), texts('fields')]
  const read = ids.map((id, slot): Row => ({
    id,
    rid: rids ? rids[slot]! : base + slot,
    text: fields[slot]!,
    vectors: new Map(),
  }))
  columns.forEach(({ key, dimensions }, i) => {
    const section = (name: string): Buffer | undefined => part.section(`c${i}.${name}`)
    const present = uint32s(section('present')!)
    const vids = section('vids') && float64s(section('vids')!)
    const vectors = float32s(section('vectors')!)
    const wide = new Map<number, number[]>()
    if (section('wideSlots')) {
      const values = float64s(section('wideValues')!)
      uint32s(section('wideSlots')!).forEach((slot, n) =>
        wide.set(slot, [...values.subarray(n * dimensions, (n + 1) * dimensions)]),
      )
    }
    for (const [slot, row] of read.entries()) {
      const vid = vids ? vids[slot]! : -2
      if (bit(present, slot)) {
        const values = wide.get(slot) ?? [...vectors.subarray(slot * dimensions, (slot + 1) * dimensions)]
        row.vectors.set(key, { vid: vid === -2 ? row.rid : vid, values })
      } else if (vids && vid === -1) {
        row.vectors.set(key, -1)
      }
    }
  })
  return read
}

export interface Definition {
  uuid: string
  name: string
  field: string
  dimensions: number
  source: 'field' | 'external' | 'managed'
  metric: 'cosine' | 'dot' | 'l2'
}
type LoggedOperation = { collection: string } & (
  | { op: 'createCollection'; name: string }
  | { op: 'createIndex'; index: Definition }
  | { op: 'dropIndex'; index: string }
  | { op: 'delete'; ids: string[] }
  | { op: 'rows'; first: number; part?: string; section?: string }
  | { op: 'attachGraph'; index: string; graph: string; replaces: string[] }
  | { op: 'declareFields'; add: string[]; drop: string[] }
  | { op: 'declareTexts'; add: TextEntry[]; drop: string[] }
  | { op: 'flush' | 'compact'; part: string; fields?: FieldsEntry }
  | { op: 'attachFields'; rowPart: string; fields: FieldsEntry }
  | { op: 'dropCollection' | 'name' }
)

interface TextEntry {
  field: string
  analyser: string
}

interface FieldsEntry {
  key: string
  paths: string[]
  texts?: TextEntry[]
}

interface ReadCollection {
  name: string
  indexes: Map<string, { definition: Definition; graphs: string[] }>
  rows: Map<string, Row>
  declared: Set<string>
  /** Analysers by field. */
  texts: Map<string, string>
  /** By the key of the row part. */
  fieldParts: Map<string, FieldsEntry>
}

/**
 * A reader of `docs/FORMAT.md`, written from that page alone: nothing of it comes from the code that writes. It takes the records from snapshots
 * and commits, and asserts every checksum on the way.
 */
export class FormatReader {
  readonly collections = new Map<string, ReadCollection>()
  readonly #objects: Map<string, Buffer>
  seq = 0

  constructor(objects: Map<string, Buffer>) {
    this.#objects = objects
    const prefix = 'ns/default/b/main/'
    const [snapshot] = [...objects.keys()].filter((key) => key.startsWith(`${prefix}snap/`)).sort()
    if (snapshot) this.#load(readContainer(objects.get(snapshot)!))
    if (snapshot) assert.equal(snapshot.slice(-16), String(Number.MAX_SAFE_INTEGER - this.seq).padStart(16, '0'))
    for (;;) {
      const commit = objects.get(`${prefix}log/${String(this.seq + 1).padStart(16, '0')}`)
      if (!commit) return
      this.#apply(readContainer(commit))
    }
  }

  part(key: string): Container {
    return readContainer(this.#objects.get(key)!)
  }

  /** The texts of the fields of a row part, slot by slot. */
  fieldTexts(key: string): string[] {
    return readRows(this.part(key), 0).map(({ text }) => text)
  }

  records(name: string): unknown[] {
    const collection = [...this.collections.values()].find((one) => one.name === name)!
    return [...collection.rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map(restored)
  }

  #load({ meta, section }: Container): void {
    const { seq, collections } = meta as {
      seq: number
      collections: {
        uuid: string
        name: string
        parts: { key: string; base: number; rows: number; dead?: string; fields?: FieldsEntry }[]
        fields?: string[]
        texts?: TextEntry[]
        memory?: string
        indexes: { definition: Definition; graphs: { key: string }[] }[]
      }[]
    }
    this.seq = seq
    for (const { uuid, name, parts, memory, indexes, fields = [], texts = [] } of collections) {
      const rows = new Map<string, Row>()
      for (const { key, base, dead } of parts) {
        const bits = dead ? uint32s(section(dead)!) : new Uint32Array(0)
        readRows(this.part(key), base).forEach((row, slot) => bit(bits, slot) || rows.set(row.id, row))
      }
      if (memory) for (const row of readRows(readContainer(section(memory)!), 0)) rows.set(row.id, row)
      const known = indexes.map(
        ({ definition, graphs }) => [definition.uuid, { definition, graphs: graphs.map(({ key }) => key) }] as const,
      )
      const fieldParts = new Map(parts.flatMap((part) => (part.fields ? [[part.key, part.fields] as const] : [])))
      this.collections.set(uuid, {
        name,
        rows,
        indexes: new Map(known),
        declared: new Set(fields),
        texts: textsOf(texts),
        fieldParts,
      })
    }
  }

  #apply({ meta, section }: Container): void {
    const { seq, transactions } = meta as { seq: number; transactions: { ops: LoggedOperation[] }[] }
    this.seq = seq
    for (const { ops } of transactions) for (const operation of ops) this.#operate(operation, seq, section)
  }

  #operate(operation: LoggedOperation, seq: number, section: Container['section']): void {
    const { op, collection: uuid } = operation
    if (op === 'createCollection') {
      this.collections.set(uuid, {
        name: operation.name,
        rows: new Map(),
        indexes: new Map(),
        declared: new Set(),
        texts: new Map(),
        fieldParts: new Map(),
      })
      return
    }
    const collection = this.collections.get(uuid)!
    switch (op) {
      case 'dropCollection':
        this.collections.delete(uuid)
        return
      case 'createIndex':
        collection.indexes.set(operation.index.uuid, { definition: operation.index, graphs: [] })
        return
      case 'dropIndex':
        collection.indexes.delete(operation.index)
        return
      case 'delete':
        for (const id of operation.ids) collection.rows.delete(id)
        return
      case 'rows': {
        const part = operation.part ? this.part(operation.part) : readContainer(section(operation.section!)!)
        for (const row of readRows(part, seq * 2 ** 20 + operation.first)) {
          collection.rows.set(row.id, merged(row, collection.rows.get(row.id)))
        }
        return
      }
      case 'attachGraph': {
        const index = collection.indexes.get(operation.index)
        if (index) index.graphs = [...index.graphs.filter((key) => !operation.replaces.includes(key)), operation.graph]
        return
      }
      case 'declareFields':
        for (const path of operation.add) collection.declared.add(path)
        for (const path of operation.drop) collection.declared.delete(path)
        letGoOfFields(collection)
        return
      case 'declareTexts':
        for (const field of operation.drop) collection.texts.delete(field)
        for (const { field, analyser } of operation.add) collection.texts.set(field, analyser)
        letGoOfFields(collection)
        return
      case 'attachFields':
        collection.fieldParts.set(operation.rowPart, operation.fields)
        return
      case 'flush':
      case 'compact':
        if (operation.fields) collection.fieldParts.set(operation.part, operation.fields)
        return
      default:
        // Where records lie is of no interest here: snapshots tell it.
        assert.equal(op, 'name')
    }
  }
}

const textsOf = (texts: TextEntry[]): Map<string, string> => new Map(texts.map(({ field, analyser }) => [field, analyser]))

function letGoOfFields({ fieldParts, declared, texts }: ReadCollection): void {
  for (const [key, entry] of fieldParts) {
    const isUsed =
      entry.paths.some((path) => declared.has(path)) || entry.texts?.some(({ field, analyser }) => texts.get(field) === analyser)
    if (!isUsed) fieldParts.delete(key)
  }
}

/** Lists of rows and frequencies, by term, of a text index of a field part. */
export function readTerms(section: (name: string) => Buffer | undefined): Map<string, [row: number, frequency: number][]> {
  const terms = new Map<string, [number, number][]>()
  if (!section('terms.offsets')) return terms
  const offsets = uint32s(section('terms.offsets')!)
  const ends = uint32s(section('ends')!)
  for (const [t, end] of ends.entries()) {
    const numbers: number[] = []
    let value = 0
    let shift = 0
    for (const byte of section('postings')!.subarray(ends[t - 1] ?? 0, end)) {
      value += (byte & 127) * 2 ** shift
      shift += 7
      if (byte >= 128) continue
      numbers.push(value)
      value = shift = 0
    }
    const list: [number, number][] = []
    for (let i = 0, row = -1; i < numbers.length; i++) {
      row += 1 + Math.floor(numbers[i]! / 2)
      list.push([row, numbers[i]! % 2 === 1 ? 1 : numbers[++i]!])
    }
    terms.set(
      section('terms.bytes')!
        .subarray(offsets[t], offsets[t + 1])
        .toString(),
      list,
    )
  }
  return terms
}

function merged(row: Row, before: Row | undefined): Row {
  const vectors = new Map(
    [...row.vectors].flatMap(([key, vector]) => {
      const kept = vector === -1 ? before?.vectors.get(key) : vector
      return kept ? [[key, kept] as const] : []
    }),
  )
  // Columns that the text still has null for.
  if (row.text === '')
    for (const [key, vector] of before!.vectors) if (key.startsWith('field:') && !vectors.has(key)) vectors.set(key, vector)
  return { ...row, text: row.text || before!.text, vectors }
}

function restored({ id, text, vectors }: Row): unknown {
  const fields = JSON.parse(text) as Record<string, unknown>
  for (const [key, vector] of vectors) {
    const path = /^field:\d+:(.*)$/.exec(key)?.[1]?.split('.')
    if (!path || vector === -1) continue
    const owner = path.slice(0, -1).reduce((object, name) => object[name] as Record<string, unknown>, fields)
    owner[path.at(-1)!] = vector.values
  }
  return { id, ...fields }
}
