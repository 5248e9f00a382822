import { type ReadRowsOptions, RowError, type Row, type RowReader } from './row-reader.js'
import { type ByteSource, ExactBytes } from './source.js'

const magic = Buffer.from('\x93NUMPY', 'latin1')
const headerBytesMax = 64 * 1024

type ReadNumber = (bytes: Buffer, offset: number) => number

/** The element types that are read, by numpy's name for them without the byte order. */
const elements: Record<string, { bytes: number; read: ReadNumber }> = {
  f4: { bytes: 4, read: (bytes, offset) => bytes.readFloatLE(offset) },
  f8: { bytes: 8, read: (bytes, offset) => bytes.readDoubleLE(offset) },
  i1: { bytes: 1, read: (bytes, offset) => bytes.readInt8(offset) },
  i2: { bytes: 2, read: (bytes, offset) => bytes.readInt16LE(offset) },
  i4: { bytes: 4, read: (bytes, offset) => bytes.readInt32LE(offset) },
  i8: { bytes: 8, read: (bytes, offset) => Number(bytes.readBigInt64LE(offset)) },
  u1: { bytes: 1, read: (bytes, offset) => bytes[offset]! },
  u2: { bytes: 2, read: (bytes, offset) => bytes.readUInt16LE(offset) },
  u4: { bytes: 4, read: (bytes, offset) => bytes.readUInt32LE(offset) },
  u8: { bytes: 8, read: (bytes, offset) => Number(bytes.readBigUInt64LE(offset)) },
}

interface Header {
  rows: number
  columns: number
  element: { bytes: number; read: ReadNumber }
  /** float32 would not hold every value of this type as it is. */
  wide: boolean
  dataOffset: number
}

/**
 * A two-dimensional numpy array, one record a row: little endian, C order, float32, float64 or integers.
 * Format: numpy.lib.format, versions 1.0 to 3.0.
 */
export class NpyReader implements RowReader {
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
      const header = await this.#header(bytes)
      const rowBytes = header.columns * header.element.bytes
      for (let row = 0; row < header.rows; row++) {
        const data = await bytes.take(rowBytes)
        if (data.length < rowBytes)
          throw this.#error(`the file ends here; its header says ${header.rows} rows`, undefined, `row ${row}`)
        yield { at: row, record: { id: `${this.#options.id ?? ''}${row}`, [this.#options.field]: numbers(data, header) } }
      }
      if ((await bytes.take(1)).length > 0) throw this.#error('has bytes behind its last row')
    } finally {
      await bytes.close()
    }
  }

  async #header(bytes: ExactBytes): Promise<Header> {
    const start = await bytes.take(8)
    if (start.length < 8 || !start.subarray(0, 6).equals(magic))
      throw this.#error('is not a .npy file (its first bytes are not \\x93NUMPY)')
    const version = start[6]!
    if (version < 1 || version > 3) throw this.#error(`is .npy format version ${version}; 1 to 3 are read`)
    const lengthBytes = version === 1 ? 2 : 4
    const length = await bytes.take(lengthBytes)
    if (length.length < lengthBytes) throw this.#error('ends inside its header')
    const textBytes = length.readUIntLE(0, lengthBytes)
    if (textBytes > headerBytesMax) throw this.#error(`says that its header is ${textBytes} bytes long`)
    const text = await bytes.take(textBytes)
    if (text.length < textBytes) throw this.#error('ends inside its header')
    const header = this.#parse(text.toString('latin1'), 8 + lengthBytes + textBytes)
    this.#checkSize(header)
    return header
  }

  #parse(text: string, dataOffset: number): Header {
    const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
    const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text)?.[1]
    const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
    if (descr === undefined || shape === undefined || order === undefined)
      throw this.#error('its header names no plain array of numbers')
    const sizes = shape
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(Number)
    if (sizes.length !== 2)
      throw this.#error(
        `has ${sizes.length} dimensions, not rows and columns`,
        'Save a.reshape(len(a), -1), or a[None, :] for one vector.',
      )
    const [rows, columns] = sizes as [number, number]
    if (!Number.isSafeInteger(rows * columns) || columns < 1) throw this.#error(`has the shape (${shape})`)
    if (order === 'True') throw this.#error('is in Fortran order', 'Save np.ascontiguousarray(a).')
    const type = descr.replace(/^[<|]/, '')
    const element = elements[type]
    if (element === undefined)
      throw this.#error(
        `holds elements of type ${descr}`,
        "Save a.astype('<f4'): float32, float64 and integers, little endian, are read.",
      )
    return { rows, columns, element, wide: ['f8', 'i4', 'i8', 'u4', 'u8'].includes(type), dataOffset }
  }

  /** A file that was cut off is refused before its first row is stored. */
  #checkSize(header: Header): void {
    if (this.#source.compressed) return
    const expected = header.dataOffset + header.rows * header.columns * header.element.bytes
    if (this.#source.sizeBytes < expected) {
      throw this.#error(
        `is ${this.#source.sizeBytes} bytes long; ${header.rows} x ${header.columns} values need ${expected}`,
        'The file was cut off; fetch it again.',
      )
    }
  }

  #error(message: string, hint?: string, place = ''): RowError {
    return new RowError(this.#source.path, place, message, hint)
  }
}

function numbers(data: Buffer, { columns, element, wide }: Header): Float32Array | Float64Array {
  const vector = wide ? new Float64Array(columns) : new Float32Array(columns)
  for (let at = 0; at < columns; at++) vector[at] = element.read(data, at * element.bytes)
  return vector
}
