import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection } from '../index.js'
import {
  float32s,
  float64s,
  FormatReader,
  readTerms,
  uint32s,
  type Container,
  type Definition,
} from '../testing/format-reader.js'
import { TestEmbedder } from '../testing/test-embedder.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-format-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function readFolder(): Promise<FormatReader> {
  const objects = new Map<string, Buffer>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const key = relative(folder, path).split(sep).join('/')
    if (!key.startsWith('.tmp/')) objects.set(key, await readFile(path))
  }
  expect(JSON.parse(objects.get('format')!.toString())).toEqual({ format: 1, database: expect.any(String) })
  return new FormatReader(objects)
}

/** Each word as often as it says, and in every row but some. */
const wordsOf = (n: number): string => (n % 7 === 3 ? '' : `${'one '.repeat(n % 2)}${'many '.repeat(n % 300)}w${n % 11} w${n}`)

describe('a reader written from docs/FORMAT.md', () => {
  const row = (n: number) => ({
    id: `r${n}`,
    n,
    text: 'ä€🦜'.repeat(n % 5),
    words: wordsOf(n),
    deep: { v: [n + 0.5, 1, n % 3] },
    w: [n / 10, 1],
  })

  it('reads every record after every kind of work', async () => {
    const db = await open(folder, { maintenance: 'manual', tuning: { graphRowsMin: 50, compactParts: 2, fieldRowsMin: 1 } })
    const indexes = [
      { field: 'deep.v', dimensions: 3 },
      { name: 'e', field: 'text', source: 'external' as const, dimensions: 2, metric: 'dot' as const },
    ]
    const main = await db.collection('main', { indexes })
    const other = await db.collection('other')
    const same = async (): Promise<FormatReader> => {
      const reader = await readFolder()
      expect(`main@${reader.seq}`).toBe(await db.version())
      for (const collection of [main, other]) expect(reader.records(collection.name)).toEqual(await all(collection))
      return reader
    }
    await main.upsert(Array.from({ length: 40 }, (_, n) => ({ ...row(n), $vectors: { e: [n, 0.1] } })))
    await other.upsert([{ id: '\ufeffodd', __proto__x: null }, { x: [[], {}] }])
    await same()
    await main.update('r3', { n: 'patched' })
    await main.setVectors('e', [
      { id: 'r4', vector: [9, 9] },
      { id: 'r5', vector: null },
    ])
    await main.delete(['r6', 'r7'])
    await main.createIndex({ field: 'w', dimensions: 2, metric: 'l2' })
    await main.setVectors('e', [{ id: 'r8', vector: [7, 7] }])
    await same()
    await main.declareFields(['n', 'text', 'w'])
    await main.declareTexts([{ field: 'words', language: 'none' }, { field: 'text' }])
    await main.upsert(Array.from({ length: 900 }, (_, n) => row(n + 30)))
    await db.maintain({ only: ['snapshot', 'flush'] })
    await same()
    await main.dropIndex('w')
    await main.update('r9', { n: 'after the drop' })
    await main.setVectors('e', [{ id: 'r10', vector: [1, 2] }])
    await db.transaction(async (tx) => {
      await tx.collection('other').upsert([{ id: 'tx' }])
      await tx.collection('main').update('r11', { deep: { v: [0.1, 0.2, 0.3] } })
      await tx.collection('main').delete('r12')
    })
    await db.commit('named')
    await same()
    await db.settled()
    await main.upsert(Array.from({ length: 300 }, (_, n) => row(n + 2000)))
    for (let n = 0; n < 300; n++) await other.upsert([{ id: `${n % 50}`, n }])
    await main.declareFields(['deep.v'])
    await main.dropFields(['w'])
    await main.dropTexts(['text'])
    await db.settled()
    checkGraphs(await same())
    await db.maintain({ only: ['snapshot'] })
    checkFields(await same())
    checkTexts(await same())
    await db.maintain({ only: ['snapshot'] })
    await db.close()
  })

  it('reads the vectors of a managed index, which keep their numbers while their texts stay', async () => {
    const db = await open(folder, { maintenance: 'manual' })
    const embedder = new TestEmbedder()
    const notes = await db.collection('notes', { indexes: [{ field: 'body', source: 'managed', embedder }] })
    const notesWith = (n: number) =>
      Array.from({ length: 20 }, (_, at) => ({ id: `n${at}`, n, body: at % 4 === 0 ? null : `text ${at}` }))
    const vectors = async () => {
      const { rows, indexes } = [...(await readFolder()).collections.values()].find(({ name }) => name === 'notes')!
      const { definition } = indexes.values().next().value!
      expect(definition).toMatchObject({ source: 'managed', embedder: 'test-1' })
      const found = new Map<string, { vid: number; values: number[] }>()
      for (const [id, row] of rows) {
        const vector = row.vectors.get(`external:${definition.uuid}`)
        if (vector && vector !== -1) found.set(id, vector)
      }
      return found
    }
    await notes.upsert(notesWith(1))
    await db.maintain({ only: ['embed'] })
    const first = await vectors()
    expect(first.size).toBe(15)
    for (const [id, { values }] of first) expect(values).toEqual([...embedder.vectorOf(`text ${id.slice(1)}`)])
    await notes.upsert(notesWith(2))
    await notes.update('n1', { n: 3 })
    expect(await vectors()).toEqual(first)
    await notes.upsert(notesWith(4).map((note) => ({ ...note, filler: 'x'.repeat(10_000) })))
    await db.maintain({ only: ['flush', 'snapshot'] })
    expect(await vectors()).toEqual(first)
    await notes.update('n1', { body: 'another' })
    expect((await vectors()).has('n1')).toBe(false)
    await db.close()
  })
})

async function all(collection: Collection): Promise<readonly unknown[]> {
  return (await collection.list({ limit: 10_000 })).records
}

/** The values that a field part gives each row are those of the row's fields. */
function checkFields(reader: FormatReader): void {
  let values = 0
  for (const { fieldParts, declared } of reader.collections.values()) {
    for (const [rowPart, { key, paths }] of fieldParts) {
      expect(paths).toEqual([...declared].sort())
      const part = reader.part(key)
      const meta = part.meta as { rows: number; paths: string[] }
      // The vectors of a path with an index are in a column.
      expect(meta.paths).toEqual(['n', 'text'])
      const rows = reader.fieldTexts(rowPart).map((text) => JSON.parse(text) as Record<string, unknown>)
      expect(rows.length).toBe(meta.rows)
      for (const [place, path] of meta.paths.entries()) {
        const found = fieldValues(meta.rows, (name) => part.section(`f${place}.${name}`))
        expect(found).toEqual(rows.map((row) => row[path]))
        values += found.length
      }
    }
  }
  expect(values).toBeGreaterThan(1000)
}

/** The terms that a field part gives each row are the words of the row's text. */
function checkTexts(reader: FormatReader): void {
  let pairs = 0
  for (const { fieldParts, texts } of reader.collections.values()) {
    for (const [rowPart, { key, texts: entries = [] }] of fieldParts) {
      expect(entries).toEqual([...texts].map(([field, analyser]) => ({ field, analyser })))
      const part = reader.part(key)
      expect(part.meta).toMatchObject({ texts: entries })
      const rows = reader.fieldTexts(rowPart).map((text) => JSON.parse(text) as Record<string, string | undefined>)
      for (const [place, { field }] of entries.entries()) {
        const words = rows.map((row) => (row[field] ?? '').split(' ').filter((word) => word !== ''))
        expect([...uint32s(part.section(`t${place}.lengths`)!)]).toEqual(words.map(({ length }) => length))
        const found = readTerms((name) => part.section(`t${place}.${name}`))
        expect([...found.keys()]).toEqual([...new Set(words.flat())].sort())
        for (const [term, list] of found) {
          const expected = words.map((row, n) => [n, row.filter((word) => word === term).length])
          expect(list).toEqual(expected.filter(([, frequency]) => frequency! > 0))
          pairs += list.length
        }
      }
    }
  }
  expect(pairs).toBeGreaterThan(1000)
}

function fieldValues(rows: number, section: (name: string) => Buffer | undefined): unknown[] {
  const found: unknown[] = new Array(rows).fill(undefined)
  const offsets = section('texts.offsets') ? uint32s(section('texts.offsets')!) : new Uint32Array(1)
  const texts = Array.from({ length: offsets.length - 1 }, (_, t) =>
    section('texts.bytes')!
      .subarray(offsets[t], offsets[t + 1])
      .toString(),
  )
  const numbers = section('numbers') ? [...float64s(section('numbers')!)] : []
  for (const [name, terms] of [
    ['texts', texts],
    ['numbers', numbers],
  ] as const) {
    const lists = section(`${name}.lists`) ? [...uint32s(section(`${name}.lists`)!)] : []
    const ends = section(`${name}.ends`) && uint32s(section(`${name}.ends`)!)
    for (const [t, value] of terms.entries()) {
      const list = ends ? lists.slice(ends[t - 1] ?? 0, ends[t]) : [lists[t]!]
      for (let row = 0; row < rows; row++) {
        const has = list.length === Math.ceil(rows / 32) ? ((list[row >>> 5]! >>> (row & 31)) & 1) === 1 : list.includes(row)
        if (has) found[row] = value
      }
    }
  }
  return found
}

/** Every node of every graph stands for a vector, and its codes are that vector but for their residual. */
function checkGraphs(reader: FormatReader): void {
  let nodesSeen = 0
  for (const { rows, indexes } of reader.collections.values()) {
    for (const { definition, graphs } of indexes.values()) {
      const { source, uuid, dimensions, field } = definition
      const column = source === 'field' ? `field:${dimensions}:${field}` : `external:${uuid}`
      const byVid = new Map<number, number[]>()
      for (const { vectors } of rows.values()) {
        const vector = vectors.get(column)
        if (vector && vector !== -1) byVid.set(vector.vid, vector.values)
      }
      for (const key of graphs) nodesSeen += checkGraph(reader.part(key), definition, byVid)
    }
  }
  expect(nodesSeen).toBeGreaterThan(1000)
}

function checkGraph({ kind, meta, section }: Container, { metric }: Definition, byVid: Map<number, number[]>): number {
  expect(kind).toBe('graph')
  const { nodes, m, dimensions, phi, upperBytes } = meta as GraphMeta
  const vids = float64s(section('vids')!)
  const links = linksOf(meta as GraphMeta, section)
  const centre = float32s(section('centre')!)
  const codeBytes = Math.ceil(dimensions / 16) * 16
  const rows = rowsOf(meta as GraphMeta, section, links, codeBytes)
  expect(section('levels')!.reduce((sum, level) => sum + level * m * 4, 0)).toBe(upperBytes)
  expect(section('upperLinks')!.length).toBe(upperBytes)
  for (const link of links) expect(link === 0xffffffff || link < nodes).toBe(true)
  for (const [node, vid] of vids.entries()) {
    const x = byVid.get(vid)
    if (!x) continue // Its record is gone or has another vector.
    const codes = rows(node)
    const norm = Math.hypot(...x)
    const factor = metric === 'cosine' ? 1 / norm : 1
    const scale = codes.readFloatLE(codeBytes)
    const t = rotated([...x.map((value, i) => Math.fround(value) * factor - centre[i]!), ...zeros(codeBytes - dimensions)])
    const decoded = t.map((_, i) => (codes[i]! - 64) * scale)
    const residual = Math.hypot(...t.map((value, i) => value - decoded[i]!))
    const extra = metric === 'dot' ? Math.sqrt(Math.max(0, phi ** 2 - norm ** 2)) : 0
    expect(codes.readInt32LE(codeBytes + 16)).toBe(t.reduce((sum, _, i) => sum + codes[i]! - 64, 0))
    expect(codes.readFloatLE(codeBytes + 12)).toBeCloseTo(residual, 4)
    expect(codes.readFloatLE(codeBytes + 8)).toBeCloseTo(extra, 3)
    const squared = decoded.reduce((sum, value) => sum + value ** 2, 0) + residual ** 2 + extra ** 2
    expect(codes.readFloatLE(codeBytes + 4) / squared).toBeCloseTo(1, 4)
  }
  return nodes
}

interface GraphMeta extends Record<'nodes' | 'm' | 'm0' | 'stride' | 'dimensions' | 'phi' | 'upperBytes', number> {
  readonly mode: 'speed' | 'balanced' | 'memory'
}
type SectionOf = Container['section']

const zeros = (count: number): number[] => new Array<number>(count).fill(0)

/** Bytes of a block, and where its links begin. */
function blockOf({ dimensions, m0, stride }: GraphMeta): { bytes: number; links: number } {
  const links = stride + Math.ceil(m0 / 32) * (64 * Math.ceil(dimensions / 16) + 256)
  return { links, bytes: Math.ceil((links + 4 * m0) / 64) * 64 }
}

function linksOf(meta: GraphMeta, section: SectionOf): Uint32Array {
  if (meta.mode !== 'speed') return uint32s(section('links')!)
  const { bytes, links } = blockOf(meta)
  const all = new Uint32Array(meta.nodes * meta.m0)
  const blocks = section('blocks')!
  for (let i = 0; i < all.length; i++) all[i] = blocks.readUInt32LE(Math.floor(i / meta.m0) * bytes + links + 4 * (i % meta.m0))
  return all
}

/** The row of a node; in blocks, what they say of the neighbours is checked. */
function rowsOf(meta: GraphMeta, section: SectionOf, links: Uint32Array, codeBytes: number): (node: number) => Buffer {
  const { nodes, m0, stride, mode } = meta
  expect(links.length).toBe(nodes * m0)
  if (mode !== 'speed') {
    expect(section('codes')!.length).toBe(nodes * stride)
    return (node) => section('codes')!.subarray(node * stride, (node + 1) * stride)
  }
  const { bytes } = blockOf(meta)
  const blocks = section('blocks')!
  expect(blocks.length).toBe(nodes * bytes)
  const row = (node: number): Buffer => blocks.subarray(node * bytes, node * bytes + stride)
  const decoded = (node: number): number[] =>
    Array.from({ length: codeBytes }, (_, i) => (row(node)[i]! - 64) * row(node).readFloatLE(codeBytes))
  for (let node = 0; node < nodes; node += Math.ceil(nodes / 20)) {
    const y = decoded(node)
    for (let place = 0; place < m0; place++) {
      const link = links[node * m0 + place]!
      const group = blocks.subarray(node * bytes + stride + Math.floor(place / 32) * (4 * codeBytes + 256))
      const member = place % 32
      const first = group.readFloatLE(4 * codeBytes + 4 * member)
      if (link === 0xffffffff) {
        expect(first).toBe(Infinity)
        continue
      }
      const r = decoded(link).map((value, i) => value - y[i]!)
      const byte = (member % 8) * 2 + (member % 16 >= 8 ? 1 : 0)
      const signs = r.map((_, i) => (group[(i >> 2) * 16 + byte]! >> ((i & 3) + (member >= 16 ? 4 : 0))) & 1)
      r.forEach((value, i) => Math.abs(value) > 1e-5 && expect(signs[i]).toBe(value > 0 ? 1 : 0))
      const magnitude = r.reduce((sum, value) => sum + Math.abs(value), 0)
      const f = magnitude ? r.reduce((sum, value) => sum + value ** 2, 0) / magnitude : 0
      const along = r.reduce((sum, value, i) => sum + value * y[i]!, 0)
      const signed = y.reduce((sum, value, i) => sum + (signs[i] ? value : -value), 0)
      const norms = row(link).readFloatLE(codeBytes + 4) - row(node).readFloatLE(codeBytes + 4)
      expect(first).toBeCloseTo(norms - 2 * along + 2 * f * signed, 2)
      expect(group.readFloatLE(4 * codeBytes + 128 + 4 * member)).toBeCloseTo(-4 * f, 3)
    }
  }
  return row
}

/** Twice random signs and a Walsh-Hadamard transform, over the first and then over the last power of two of the numbers. */
function rotated(numbers: number[]): number[] {
  const n = numbers.length
  const window = 2 ** Math.floor(Math.log2(n))
  let state = 0x2545f4914f6cdd1dn
  let all = numbers
  for (const first of [0, n - window]) {
    all = all.map((value) => {
      state = (state * 0x5851f42d4c957f2dn + 0x14057b7ef767814fn) % 2n ** 64n
      return state >> 63n ? -value : value
    })
    const part = hadamard(all.slice(first, first + window)).map((value) => value / Math.sqrt(window))
    all = [...all.slice(0, first), ...part, ...all.slice(first + window)]
  }
  return all
}

function hadamard(numbers: number[]): number[] {
  if (numbers.length === 1) return numbers
  const low = hadamard(numbers.slice(0, numbers.length / 2))
  const high = hadamard(numbers.slice(numbers.length / 2))
  return [...low.map((value, i) => value + high[i]!), ...low.map((value, i) => value - high[i]!)]
}
