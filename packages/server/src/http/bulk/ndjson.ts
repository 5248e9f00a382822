import { isUtf8 } from 'node:buffer'
import { QuiverError } from 'quiverdb'
import type { WireRecord } from '../vectors.js'

const newline = 0x0a

/** Records of consecutive lines, which are stored together. */
export interface Batch {
  readonly records: WireRecord[]
  /** Number of the line of the last record, from 1. */
  readonly lastLine: number
}

export interface BatchBounds {
  readonly recordsMax: number
  /** A batch is complete when its lines have so many bytes together. */
  readonly bytesMax: number
  readonly lineBytesMax: number
}

/** A line that holds no record. */
export function lineError(line: number, what: string, code: 'INVALID_RECORD' | 'LIMIT_EXCEEDED' = 'INVALID_RECORD'): QuiverError {
  return new QuiverError(code, `Line ${line}: ${what}.`, { details: { line } })
}

/**
 * Reads JSON objects from lines, in batches. Empty lines are passed over. Nothing is read ahead of what the caller takes, so that whoever sends waits.
 * @throws QuiverError INVALID_RECORD, LIMIT_EXCEEDED: after the batch of the lines before was given out
 */
export async function* batchesOf(chunks: AsyncIterable<Buffer>, bounds: BatchBounds): AsyncGenerator<Batch, void, undefined> {
  const batches = new Batches(bounds)
  let pieces: Buffer[] = []
  let pieceBytes = 0
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(newline)
    pieces.push(end < 0 ? chunk : chunk.subarray(0, end))
    pieceBytes += chunk.length
    if (end >= 0) {
      yield* batches.read(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
      pieces = [chunk.subarray(end + 1)]
      pieceBytes = chunk.length - end - 1
    } else if (pieceBytes > bounds.lineBytesMax) {
      yield* batches.rest()
      throw lineError(batches.line + 1, `is longer than ${bounds.lineBytesMax} bytes`, 'LIMIT_EXCEEDED')
    }
  }
  yield* batches.read(Buffer.concat(pieces))
  yield* batches.rest()
}

class Batches {
  readonly #bounds: BatchBounds
  #records: WireRecord[] = []
  #bytes = 0
  #recordLine = 0
  line = 0

  constructor(bounds: BatchBounds) {
    this.#bounds = bounds
  }

  /** @param block whole lines, without the end of the last one */
  *read(block: Buffer): Generator<Batch, void, undefined> {
    if (!isUtf8(block)) {
      yield* this.rest()
      throw lineError(this.line + 1, 'this line, or one soon after it, is not UTF-8')
    }
    const text = block.toString('utf8')
    for (let start = 0; start <= text.length;) {
      const found = text.indexOf('\n', start)
      const end = found < 0 ? text.length : found
      let record: WireRecord | undefined
      try {
        record = recordOf(text.slice(start, end), this.line + 1)
      } catch (error) {
        yield* this.rest()
        throw error
      }
      this.line++
      if (record) {
        this.#records.push(record)
        this.#recordLine = this.line
        this.#bytes += end - start
        if (this.#records.length >= this.#bounds.recordsMax || this.#bytes >= this.#bounds.bytesMax) yield* this.rest()
      }
      start = end + 1
    }
  }

  /** What was read and not given out. */
  *rest(): Generator<Batch, void, undefined> {
    if (this.#records.length === 0) return
    const batch = { records: this.#records, lastLine: this.#recordLine }
    this.#records = []
    this.#bytes = 0
    yield batch
  }
}

function recordOf(text: string, line: number): WireRecord | undefined {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw lineError(line, `is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw lineError(line, 'is not a JSON object')
  return value as WireRecord
}
