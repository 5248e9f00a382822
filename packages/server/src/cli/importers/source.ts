import { createReadStream, type ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RowError } from './row-reader.js'

const chunkBytes = 256 * 1024

/** The bytes of a file, gunzipped when its name ends in `.gz`. Can be read once. */
export class ByteSource {
  readonly path: string
  /** Size of the file as it lies on disk. */
  readonly sizeBytes: number
  readonly compressed: boolean
  #file: ReadStream | undefined

  private constructor(path: string, sizeBytes: number) {
    this.path = path
    this.sizeBytes = sizeBytes
    this.compressed = path.toLowerCase().endsWith('.gz')
  }

  /** @throws the file system's error, such as ENOENT; RowError when the path is a folder. */
  static async open(path: string): Promise<ByteSource> {
    const entry = await stat(path)
    if (entry.isDirectory()) throw new RowError(path, '', 'is a folder, not a file')
    return new ByteSource(path, entry.size)
  }

  /** How far the file on disk has been read; the measure of progress, also where the bytes are compressed. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? 0
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const file = createReadStream(this.path, { highWaterMark: chunkBytes })
    this.#file = file
    // The callback is where pipeline reports; the loop below sees the same error.
    const bytes = this.compressed ? pipeline(file, createGunzip({ chunkSize: chunkBytes }), () => {}) : file
    try {
      for await (const chunk of bytes) yield chunk as Buffer
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'Z_BUF_ERROR')
        throw new RowError(this.path, '', 'the gzip data ends early', 'The file was cut off; fetch it again.')
      if (code?.startsWith('Z_')) throw new RowError(this.path, '', `is not valid gzip data (${(error as Error).message})`)
      throw error
    }
  }
}

/** Hands out exactly as many bytes as are asked for, whatever the sizes of the chunks. */
export class ExactBytes {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: ByteSource) {
    this.#chunks = source.chunks()
  }

  /** The next `count` bytes, or the fewer that are left. */
  async take(count: number): Promise<Buffer> {
    if (this.#rest.length < count) await this.#fill(count)
    const taken = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(taken.length)
    return taken
  }

  /** Lets go of the file when not all of it was read. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #fill(count: number): Promise<void> {
    const parts = [this.#rest]
    let held = this.#rest.length
    while (held < count) {
      const next = await this.#chunks.next()
      if (next.done) break
      parts.push(next.value)
      held += next.value.length
    }
    this.#rest = Buffer.concat(parts)
  }
}
