import { identified, type ReadRowsOptions, RowError, type Row, type RowReader } from './row-reader.js'
import type { ByteSource } from './source.js'

const lineBytesMax = 64 * 1024 * 1024
const newline = 0x0a

/** One JSON object a line; empty lines are passed over. Only `\n` ends a line: U+2028 may stand inside a JSON string. */
export class JsonlReader implements RowReader {
  readonly unit = 'line'
  readonly #source: ByteSource
  readonly #options: ReadRowsOptions

  constructor(source: ByteSource, options: ReadRowsOptions) {
    this.#source = source
    this.#options = options
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    let line = 0
    for await (const bytes of linesOf(this.#source)) {
      line++
      const place = `line ${line}`
      const value = parseJson(this.#source.path, place, bytes)
      if (value === undefined) continue
      yield { at: line, record: recordOf(this.#source.path, place, value, this.#options.id) }
    }
  }
}

async function* linesOf(source: ByteSource): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = []
  let heldBytes = 0
  for await (const chunk of source.chunks()) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, end)])
      parts = []
      heldBytes = 0
      from = end + 1
    }
    parts.push(chunk.subarray(from))
    heldBytes += chunk.length - from
    if (heldBytes > lineBytesMax) {
      throw new RowError(
        source.path,
        '',
        'a line is longer than 64 MiB',
        'Is this one large JSON array? Then its name must end in .json.',
      )
    }
  }
  if (heldBytes > 0) yield Buffer.concat(parts)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The JSON value of these bytes; undefined when they are blank. @throws RowError */
export function parseJson(path: string, place: string, bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new RowError(path, place, 'is not valid UTF-8', 'Save the file as UTF-8, or import the right one.')
  }
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new RowError(path, place, `is not valid JSON (${(error as Error).message})`)
  }
}

/** The record of one parsed JSON value. @throws RowError unless it is an object. */
export function recordOf(path: string, place: string, value: unknown, idField: string | undefined): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`
    throw new RowError(
      path,
      place,
      `is ${kind}, not a record`,
      'Each record is a JSON object, such as {"id": "a", "embedding": [0.1, 0.2]}.',
    )
  }
  return identified(value as Record<string, unknown>, idField, (message, hint) => {
    throw new RowError(path, place, message, hint)
  })
}
