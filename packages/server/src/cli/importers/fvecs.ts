import { type ReadRowsOptions, RowError, type Row, type RowReader } from './row-reader.js'
import { type ByteSource, ExactBytes } from './source.js'

/** More than any index takes, and small enough to tell a vector from something else. */
const dimensionsMax = 16_384

/** The TEXMEX format of SIFT and GIST: each row is its length as int32 and then so many float32 values, little endian. */
export class FvecsReader implements RowReader {
  readonly unit = 'row'
  readonly #source: ByteSource
  readonly #options: ReadRowsOptions

  constructor(source: ByteSource, options: ReadRowsOptions) {
    this.#source = source
    this.#options = options
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    const bytes = new ExactBytes(this.#source)
    try {
      for (let row = 0; ; row++) {
        const prefix = await bytes.take(4)
        if (prefix.length === 0) return
        const vector = await this.#vector(bytes, prefix, row)
        yield { at: row, record: { id: `${this.#options.id ?? ''}${row}`, [this.#options.field]: vector } }
      }
    } finally {
      await bytes.close()
    }
  }

  async #vector(bytes: ExactBytes, prefix: Buffer, row: number): Promise<Float32Array> {
    const dimensions = prefix.length === 4 ? prefix.readInt32LE(0) : 0
    if (prefix.length === 4 && (dimensions < 1 || dimensions > dimensionsMax)) {
      throw this.#error(row, `says that it has ${dimensions} numbers; is this an .fvecs file?`)
    }
    const data = await bytes.take(dimensions * 4)
    if (prefix.length < 4 || data.length < dimensions * 4) throw this.#error(row, 'the file ends inside this row')
    const vector = new Float32Array(dimensions)
    for (let at = 0; at < dimensions; at++) vector[at] = data.readFloatLE(at * 4)
    return vector
  }

  #error(row: number, message: string): RowError {
    return new RowError(this.#source.path, `row ${row}`, message)
  }
}
