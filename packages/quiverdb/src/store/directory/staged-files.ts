import { QuiverError } from '../../errors.js'
import { reservedSegment } from '../keys.js'
import type { DurableFolders } from './durable-folders.js'
import type { FileSystem } from './file-system.js'
import { objectFileName, removeEmptyFolder } from './object-files.js'

/** An unfinished file this old belongs to a process that died: no write takes an hour. */
const stagedAgeMsMax = 3_600_000

/**
 * Files on their way to becoming objects, in a folder of their own. A file is complete and synced before it gets its key, so
 * a crash never leaves part of an object.
 */
export class StagedFiles {
  readonly #fs: FileSystem
  readonly #folders: DurableFolders
  readonly #owner = crypto.randomUUID()
  readonly #discards = new Set<Promise<void>>()
  #count = 0

  constructor(fs: FileSystem, folders: DurableFolders) {
    this.#fs = fs
    this.#folders = folders
  }

  /** Writes a file and syncs it. A file whose sync failed is abandoned: a second sync may succeed without having kept the bytes. */
  async write(chunks: readonly Uint8Array[]): Promise<string> {
    await this.#folders.ensure(reservedSegment)
    const path = `${this.#folders.pathOf(reservedSegment)}/${this.#owner}-${this.#count++}`
    await this.writeAt(path, chunks)
    return path
  }

  /** The same at a path of the caller's; fails where the path exists. */
  async writeAt(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    const fd = await this.#fs.open(path, 'wx')
    try {
      try {
        await this.#writeAll(fd, chunks)
        await this.#fs.fsync(fd)
      } finally {
        await this.#fs.close(fd)
      }
    } catch (error) {
      await this.#remove(path)
      throw error
    }
  }

  /** Wraps a staged file in a synced folder, the shape that a rename can commit. */
  async wrap(path: string): Promise<string> {
    const folder = `${path}.d`
    await this.#fs.mkdir(folder)
    await this.#fs.rename(path, `${folder}/${objectFileName}`)
    await this.#fs.syncDirectory(folder)
    return folder
  }

  /** Removes what is left of a staged file, in the background. */
  discard(path: string): void {
    const discard = this.#remove(path).finally(() => this.#discards.delete(discard))
    this.#discards.add(discard)
  }

  /** Removes what dead processes left. */
  async sweep(): Promise<void> {
    const folder = this.#folders.pathOf(reservedSegment)
    const entries = await this.#fs.readDirectory(folder).catch(() => [])
    for (const { name } of entries) {
      const status = this.#fs.statPathSync(`${folder}/${name}`)
      if (status && Date.now() - status.mtimeMs > stagedAgeMsMax) await this.#remove(`${folder}/${name.replace(/\.d$/, '')}`)
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#discards)
  }

  async #writeAll(fd: number, chunks: readonly Uint8Array[]): Promise<void> {
    let rest = chunks.filter((chunk) => chunk.byteLength > 0)
    while (rest.length > 0) {
      const count = await this.#fs.write(fd, rest)
      if (count <= 0) throw new QuiverError('STORAGE_FAILED', 'The file system accepted no bytes.')
      rest = dropBytes(rest, count)
    }
  }

  async #remove(path: string): Promise<void> {
    const ignore = () => {}
    await this.#fs.unlink(path).catch(ignore)
    if (this.#fs.statPathSync(`${path}.d`) === null) return
    await this.#fs.unlink(`${path}.d/${objectFileName}`).catch(ignore)
    await removeEmptyFolder(this.#fs, `${path}.d`)
  }
}

/** What is left of the chunks behind their first `count` bytes. */
function dropBytes(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let skipped = 0
  let i = 0
  while (i < chunks.length && skipped + (chunks[i] as Uint8Array).byteLength <= count)
    skipped += (chunks[i++] as Uint8Array).byteLength
  const rest = chunks.slice(i)
  if (rest[0] && count > skipped) rest[0] = rest[0].subarray(count - skipped)
  return rest
}
