import { asBuffer, concatBytes, toBytes, toText } from '../storage/bytes.js'
import type { IndexItem } from '../types.js'
import { type IndexHead, type IndexInPieces, type IndexPieces, type IndexReader, NotInPieces } from './index-codec.js'

const [quote, backslash, comma, openBracket, closeBracket, openBrace, closeBrace] = [...'"\\,[]{}'].map((sign) =>
  sign.charCodeAt(0),
)
const emptyItems = '[]}'
const headOpening = '"items":['
/** The head holds a version and names of fields. One that is longer than this is read as a whole with the rest. */
const headBytesMax = 1024 ** 2
/** Items that are parsed at once, in bytes: parsing many short texts one by one takes longer. */
const batchBytes = 256 * 1024

export const jsonPieces: IndexPieces = {
  separator: toBytes(','),
  tail: toBytes(']}'),
  head: ({ version, metadata_config }) =>
    toBytes(JSON.stringify({ version, metadata_config, items: [] }).slice(0, 1 - emptyItems.length)),
  item: (item) => toBytes(JSON.stringify(item)),
  reader: () => new JsonReader(),
}

/** Reads what `JSON.stringify` makes of an index, of any size. */
class JsonReader implements IndexReader {
  #rest: Uint8Array = new Uint8Array(0)
  #head: { readonly value: IndexHead; readonly bytes: number } | undefined
  #ended = false
  readonly #items: IndexItem[] = []
  readonly #itemBytes: number[] = []

  push(chunk: Uint8Array): void {
    if (this.#ended) throw new NotInPieces('more after the end')
    // Its methods that look for a byte are several times quicker than those of plain arrays.
    const bytes = asBuffer(this.#rest.length ? concatBytes([this.#rest, chunk]) : chunk)
    const start = this.#head ? 0 : this.#takeHead(bytes)
    this.#rest = this.#head ? bytes.subarray(this.#takeItems(bytes, start)) : bytes
  }

  finish(): IndexInPieces {
    if (!this.#head || !this.#ended) throw new NotInPieces('the end is missing')
    return { head: this.#head.value, headBytes: this.#head.bytes, items: this.#items, itemBytes: this.#itemBytes }
  }

  /** Where the items begin, when that is there already. */
  #takeHead(bytes: Uint8Array): number {
    const text = toText(bytes.subarray(0, headBytesMax))
    const at = text.indexOf(headOpening)
    if (at < 0 && bytes.length < headBytesMax) return 0
    const head = text.slice(0, at + headOpening.length)
    const value = parsed(head + emptyItems.slice(1)) as IndexHead
    const headBytes = toBytes(head)
    // Written the same way again it has to be the same: no other keys, no other order, no spaces.
    if (toText(jsonPieces.head(value)) !== head) throw new NotInPieces('the head is unusual')
    this.#head = { value: { version: value.version, metadata_config: value.metadata_config }, bytes: headBytes.length }
    return headBytes.length
  }

  /** Takes the whole items that begin at `start`. Returns where the rest begins. */
  #takeItems(bytes: Uint8Array, start: number): number {
    let batch = start
    let at = start
    for (;;) {
      if (!this.#items.length && at === start && bytes[at] === closeBracket && !this.#itemBytes.length)
        return this.#end(bytes, at)
      const end = endOfObject(bytes, at)
      // What follows tells whether there are more; it may be in the next chunk.
      if (end === undefined || end + 1 >= bytes.length) break
      const next = bytes[end]
      if (next !== comma && next !== closeBracket) throw new NotInPieces('items are separated unusually')
      this.#itemBytes.push(end - at)
      at = end + 1
      if (next === closeBracket) {
        this.#parse(bytes, batch, end)
        return this.#end(bytes, end)
      }
      if (at - batch > batchBytes) {
        this.#parse(bytes, batch, end)
        batch = at
      }
    }
    if (at > batch) this.#parse(bytes, batch, at - 1)
    return at
  }

  #parse(bytes: Uint8Array, start: number, end: number): void {
    const items = parsed(`[${toText(bytes.subarray(start, end))}]`) as IndexItem[]
    for (const item of items) this.#items.push(item)
    if (this.#items.length !== this.#itemBytes.length) throw new NotInPieces('items are nested unusually')
  }

  #end(bytes: Uint8Array, closing: number): number {
    const there = bytes.length - closing
    if (there > 2 || (there === 2 && bytes[closing + 1] !== closeBrace)) throw new NotInPieces('more after the items')
    if (there === 2) this.#ended = true
    return there === 2 ? bytes.length : closing
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new NotInPieces('not JSON')
  }
}

/** Behind the object that begins at `start`; undefined when its end is not there yet. */
function endOfObject(bytes: Uint8Array, start: number): number | undefined {
  if (start < bytes.length && bytes[start] !== openBrace) throw new NotInPieces('an item is no object')
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const sign = bytes[at]
    if (sign === quote) {
      const end = endOfString(bytes, at)
      if (end === undefined) return undefined
      at = end
    } else if (sign === openBracket) {
      // The numbers of a vector hold none of the signs that matter.
      const end = endOfNumbers(bytes, at)
      if (end !== undefined) at = end
      else depth++
    } else if (sign === openBrace) depth++
    else if ((sign === closeBrace || sign === closeBracket) && --depth === 0) return at + 1
  }
  return undefined
}

/** The quote that ends the string which begins at `start`. */
function endOfString(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++
    else if (bytes[at] === quote) return at
  }
  return undefined
}

/** The bracket that closes a list of numbers which begins at `start`; undefined when there may be anything else in it. */
function endOfNumbers(bytes: Uint8Array, start: number): number | undefined {
  // The next text is nearly always the key behind the list, so only the list itself is gone through.
  const text = bytes.indexOf(quote!, start)
  if (text >= 0) {
    const end = bytes.lastIndexOf(closeBracket!, text)
    return end > start ? end : undefined
  }
  const end = bytes.indexOf(closeBracket!, start)
  const inner = bytes.indexOf(openBracket!, start + 1)
  return end < 0 || (inner >= 0 && inner < end) ? undefined : end
}
