import * as v from 'valibot'
import { assert, QuiverError } from '../errors.js'

/**
 * The one shape of every object that Quiver writes (`docs/FORMAT.md`, "Container"): a fixed head, a directory in JSON and sections of
 * bytes that begin at multiples of 64. The head's checksum covers the directory, the directory holds the checksum of every section.
 */
const containerKinds = ['commit', 'snapshot', 'rows', 'graph', 'fields', 'vectors'] as const
export type ContainerKind = (typeof containerKinds)[number]

/** `before`: the checksum of what comes before, in whole blocks of the checksum. */
export type Checksum = (bytes: Uint8Array, before?: bigint) => bigint

export interface Section {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface SectionEntry {
  readonly offset: number
  readonly length: number
  readonly checksum: string
}

export interface Directory {
  readonly kind: ContainerKind
  readonly meta: unknown
  readonly sections: ReadonlyMap<string, SectionEntry>
  /** Length of the whole object. */
  readonly objectBytes: number
}

/** The newest format that this code reads and the one it writes. */
export const formatVersion = 1
/** How much of an object to read first: the head and, nearly always, its directory. */
export const prefixBytes = 16 * 1024

const magic = new TextEncoder().encode('QUIVER\r\n')
const headBytes = 32
const alignment = 64
/** Far above any real directory; a larger length is damage, not data. */
const directoryBytesMax = 256 * 1024 * 1024

const directorySchema = v.object({
  kind: v.picklist(containerKinds),
  meta: v.unknown(),
  sections: v.array(v.tuple([v.string(), v.number(), v.number(), v.string()])),
  bytes: v.number(),
})

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Encodes and verifies containers. One instance serves a whole database; it holds nothing but the checksum function. */
export class Containers {
  readonly #checksum: Checksum

  constructor(checksum: Checksum) {
    this.#checksum = checksum
  }

  /** The object as chunks to be written one after the other, so that large sections are never copied. */
  encode(kind: ContainerKind, meta: unknown, sections: readonly Section[]): Uint8Array[] {
    // Offsets depend on the directory's length and the directory on the offsets: they are relative to the first section, and final in the file.
    const table: [string, number, number, string][] = []
    let end = 0
    for (const { name, bytes } of sections) {
      const start = align(end)
      table.push([name, start, bytes.byteLength, this.#checksum(bytes).toString(16)])
      end = start + bytes.byteLength
    }
    const directory = encoder.encode(JSON.stringify({ kind, meta, sections: table, bytes: end }))
    const bodyStart = align(headBytes + directory.byteLength)
    const head = new Uint8Array(bodyStart)
    head.set(magic)
    head.set(directory, headBytes)
    const view = new DataView(head.buffer)
    view.setUint32(8, formatVersion, true)
    view.setUint32(12, directory.byteLength, true)
    view.setBigUint64(16, this.#checksum(directory), true)
    view.setUint32(24, bodyStart, true)
    view.setUint32(28, Number(BigInt.asUintN(32, this.#checksum(head.subarray(0, 28)))), true)
    const chunks: Uint8Array[] = [head]
    let at = 0
    sections.forEach(({ bytes }, index) => {
      const start = table[index]![1]
      if (start > at) chunks.push(new Uint8Array(start - at))
      chunks.push(bytes)
      at = start + bytes.byteLength
    })
    return chunks
  }

  /**
   * Reads the directory from the first bytes of an object; a number says how many bytes it needs instead.
   * @throws QuiverError FORMAT_TOO_NEW, CORRUPT
   */
  directory(prefix: Uint8Array, key: string): Directory | number {
    if (prefix.byteLength < headBytes) throw corrupt(key, 'it is cut in its head')
    if (!magic.every((byte, index) => prefix[index] === byte)) throw corrupt(key, 'it does not begin as an object of Quiver does')
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength)
    if (view.getUint32(28, true) !== Number(BigInt.asUintN(32, this.#checksum(prefix.subarray(0, 28)))))
      throw corrupt(key, 'its head is damaged')
    const version = view.getUint32(8, true)
    if (version > formatVersion) throw tooNew(key, version)
    const length = view.getUint32(12, true)
    const bodyStart = view.getUint32(24, true)
    if (length > directoryBytesMax || bodyStart < headBytes + length) throw corrupt(key, 'its head is damaged')
    if (prefix.byteLength < headBytes + length) return headBytes + length
    const bytes = prefix.subarray(headBytes, headBytes + length)
    if (this.#checksum(bytes) !== view.getBigUint64(16, true)) throw corrupt(key, 'its directory is damaged')
    const parsed = v.parse(directorySchema, JSON.parse(decoder.decode(bytes)))
    const sections = new Map<string, SectionEntry>()
    for (const [name, offset, sectionLength, checksum] of parsed.sections) {
      sections.set(name, { offset: bodyStart + offset, length: sectionLength, checksum })
    }
    return { kind: parsed.kind, meta: parsed.meta, sections, objectBytes: bodyStart + parsed.bytes }
  }

  /** Decodes an object that is in memory whole, and verifies all of it. */
  decode(
    bytes: Uint8Array,
    key: string,
    kind: ContainerKind,
  ): { meta: unknown; section(name: string): Uint8Array; names: string[] } {
    const directory = this.directory(bytes, key)
    if (typeof directory === 'number') throw corrupt(key, 'it is cut in its directory')
    expectKind(directory, kind, key)
    if (bytes.byteLength < directory.objectBytes)
      throw corrupt(key, `it is cut: ${bytes.byteLength} of ${directory.objectBytes} bytes`)
    const section = (name: string): Uint8Array => {
      const entry = directory.sections.get(name)
      assert(entry, `object ${key} has a section ${name}`)
      return bytes.subarray(entry.offset, entry.offset + entry.length)
    }
    for (const [name, entry] of directory.sections) this.verify(section(name), entry, key, name)
    return { meta: directory.meta, section, names: [...directory.sections.keys()] }
  }

  /** @throws QuiverError CORRUPT when the bytes are not those that were written. */
  verify(bytes: Uint8Array, entry: SectionEntry, key: string, name: string): void {
    if (bytes.byteLength !== entry.length) throw corrupt(key, `its section ${name} is cut`)
    expectChecksum(this.#checksum(bytes), entry, key, name)
  }

  /** Verifies a section whose bytes come in pieces of whole blocks of the checksum. Each returns whether it was the last. @throws as verify */
  verifier(entry: SectionEntry, key: string, name: string): (piece: Uint8Array) => boolean {
    let checksum = 0n
    let length = 0
    return (piece) => {
      checksum = this.#checksum(piece, checksum)
      length += piece.byteLength
      if (length < entry.length) return false
      expectChecksum(checksum, entry, key, name)
      return true
    }
  }
}

function expectChecksum(checksum: bigint, entry: SectionEntry, key: string, name: string): void {
  if (checksum.toString(16) !== entry.checksum) throw damaged(key, name)
}

export function damaged(key: string, section: string): QuiverError {
  return corrupt(key, `its section ${section} is damaged`)
}

export function expectKind(directory: Directory, kind: ContainerKind, key: string): void {
  if (directory.kind !== kind) throw corrupt(key, `it is a ${directory.kind} object where a ${kind} object is expected`)
}

export function corrupt(key: string, what: string): QuiverError {
  return new QuiverError(
    'CORRUPT',
    `The stored object ${key} cannot be read: ${what}. Restore it from a backup; the other objects are not affected.`,
    {
      details: { key },
    },
  )
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.byteLength
  }
  return joined
}

function tooNew(key: string, version: number): QuiverError {
  return new QuiverError(
    'FORMAT_TOO_NEW',
    `${key} has format version ${version}; this version of Quiver reads up to ${formatVersion}. Open it with a newer Quiver: nothing was changed.`,
    { details: { key, version, supported: formatVersion } },
  )
}

function align(offset: number): number {
  return Math.ceil(offset / alignment) * alignment
}
