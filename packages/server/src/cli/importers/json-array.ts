import { parseJson, recordOf } from './jsonl.js'
import { type ReadRowsOptions, RowError, type Row, type RowReader } from './row-reader.js'
import type { ByteSource } from './source.js'

const recordBytesMax = 64 * 1024 * 1024

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * A JSON array of objects of any length. Only the ends of its elements are searched for, so the file is never in memory
 * as a whole; each element is then read by JSON.parse.
 */
export class JsonArrayReader implements RowReader {
  readonly unit = 'record'
  readonly #source: ByteSource
  readonly #options: ReadRowsOptions

  constructor(source: ByteSource, options: ReadRowsOptions) {
    this.#source = source
    this.#options = options
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    const elements = new ElementSplitter(this.#source.path)
    let count = 0
    for await (const chunk of this.#source.chunks()) {
      for (const bytes of elements.push(chunk)) {
        count++
        const place = `record ${count}`
        const value = parseJson(this.#source.path, place, bytes)
        if (value === undefined) throw new RowError(this.#source.path, place, 'is empty: a comma without a record')
        yield { at: count, record: recordOf(this.#source.path, place, value, this.#options.id) }
      }
    }
    elements.end(count)
  }
}

/** Cuts the bytes of a JSON array at its top-level commas. */
class ElementSplitter {
  readonly #path: string
  #state: 'before' | 'inside' | 'after' = 'before'
  #depth = 0
  #inString = false
  #escaped = false
  #held: Buffer[] = []
  #heldBytes = 0
  #afterComma = false

  constructor(path: string) {
    this.#path = path
  }

  /** The elements that end within this chunk. */
  *push(chunk: Buffer): Generator<Buffer, void, undefined> {
    let from = this.#state === 'before' ? this.#skipToArray(chunk) : 0
    for (let at = from; at < chunk.length; at++) {
      if (this.#state === 'after') {
        this.#refuseText(chunk, at)
        return
      }
      if (!this.#endsElement(chunk[at]!)) continue
      const element = this.#take(chunk.subarray(from, at))
      from = at + 1
      this.#state = chunk[at] === closeBracket ? 'after' : 'inside'
      const emptyArray = this.#state === 'after' && !this.#afterComma && isBlank(element)
      this.#afterComma = true
      if (!emptyArray) yield element
    }
    if (this.#state === 'inside') this.#hold(chunk.subarray(from))
  }

  /** @throws RowError when the array was not closed. */
  end(count: number): void {
    if (this.#state === 'before') throw new RowError(this.#path, '', 'is empty')
    if (this.#state === 'inside') throw new RowError(this.#path, `after record ${count}`, 'the file ends before its array does')
  }

  #endsElement(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) this.#inString = false
      return false
    }
    if (byte === quote) this.#inString = true
    else if (byte === openBrace || byte === openBracket) this.#depth++
    else if (this.#depth > 0 && (byte === closeBrace || byte === closeBracket)) this.#depth--
    else if (this.#depth === 0) return byte === comma || byte === closeBracket
    return false
  }

  #take(last: Buffer): Buffer {
    const element = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last])
    this.#held = []
    this.#heldBytes = 0
    return element
  }

  #hold(rest: Buffer): void {
    this.#held.push(rest)
    this.#heldBytes += rest.length
    if (this.#heldBytes > recordBytesMax) throw new RowError(this.#path, '', 'a record is larger than 64 MiB')
  }

  #skipToArray(chunk: Buffer): number {
    const byteOrderMark = chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0
    for (let at = byteOrderMark; at < chunk.length; at++) {
      if (isSpace(chunk[at]!)) continue
      if (chunk[at] !== openBracket) {
        const hint = chunk[at] === openBrace ? 'With one record a line, the name of the file must end in .jsonl.' : undefined
        throw new RowError(this.#path, '', 'does not begin with a JSON array of records', hint)
      }
      this.#state = 'inside'
      return at + 1
    }
    return chunk.length
  }

  #refuseText(chunk: Buffer, from: number): void {
    if (!isBlank(chunk.subarray(from))) throw new RowError(this.#path, '', 'has text behind the end of its array')
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every(isSpace)
}
