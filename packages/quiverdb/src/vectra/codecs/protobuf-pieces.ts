import { PbfReader } from 'pbf'
import { concatBytes } from '../storage/bytes.js'
import type { IndexItem } from '../types.js'
import { type IndexHead, type IndexInPieces, type IndexPieces, type IndexReader, NotInPieces } from './index-codec.js'
import { decodeIndex, encodeHead, encodeItem, readItem } from './protobuf-messages.js'

const nothing = new Uint8Array(0)
/** Field 3, a message. */
const itemTag = 0x1a
const headTags: ReadonlySet<number> = new Set([0x08, 0x12])

export const protobufPieces: IndexPieces = {
  separator: nothing,
  tail: nothing,
  head: encodeHead,
  item: encodeItem,
  reader: () => new ProtobufReader(),
}

/** Reads an index whose head comes first, of any size. */
class ProtobufReader implements IndexReader {
  #rest: Uint8Array = nothing
  #head: { readonly value: IndexHead; readonly bytes: number } | undefined
  readonly #items: IndexItem[] = []
  readonly #itemBytes: number[] = []

  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length ? concatBytes([this.#rest, chunk]) : chunk
    let at = 0
    if (!this.#head) {
      const end = endOfHead(bytes)
      if (end === undefined) {
        this.#rest = bytes
        return
      }
      this.#takeHead(bytes.subarray(0, end))
      at = end
    }
    this.#rest = bytes.subarray(this.#takeItems(bytes, at))
  }

  finish(): IndexInPieces {
    if (!this.#head) {
      this.#takeHead(this.#rest)
      this.#rest = nothing
    }
    if (this.#rest.length) throw new NotInPieces('the end is missing')
    return { head: this.#head!.value, headBytes: this.#head!.bytes, items: this.#items, itemBytes: this.#itemBytes }
  }

  #takeHead(bytes: Uint8Array): void {
    try {
      const { version, metadata_config } = decodeIndex(bytes)
      this.#head = { value: { version, metadata_config }, bytes: bytes.length }
    } catch {
      throw new NotInPieces('the head is unusual')
    }
  }

  #takeItems(bytes: Uint8Array, start: number): number {
    const reader = new PbfReader(bytes)
    let at = start
    while (at < bytes.length) {
      if (bytes[at] !== itemTag) throw new NotInPieces('something else among the items')
      const body = endOfVarint(bytes, at + 1)
      if (body === undefined) break
      reader.pos = at + 1
      const end = reader.readVarint() + body
      if (end > bytes.length) break
      reader.pos = at + 1
      try {
        this.#items.push(readItem(reader))
      } catch {
        throw new NotInPieces('an item is unusual')
      }
      this.#itemBytes.push(end - at)
      at = end
    }
    return at
  }
}

/** Where the first item begins; undefined when that is not there yet. */
function endOfHead(bytes: Uint8Array): number | undefined {
  const reader = new PbfReader(bytes)
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] === itemTag) return at
    if (!headTags.has(bytes[at]!)) throw new NotInPieces('the head is unusual')
    const end = endOfVarint(bytes, at + 1)
    if (end === undefined) return undefined
    reader.pos = at + 1
    const value = reader.readVarint()
    at = bytes[at] === 0x12 ? end + value : end
  }
  return undefined
}

/** Behind the number that begins at `start`; undefined when its end is not there. */
function endOfVarint(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; at < bytes.length; at++) if (bytes[at]! < 0x80) return at + 1
  return undefined
}
