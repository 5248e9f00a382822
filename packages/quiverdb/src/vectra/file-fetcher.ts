import fs from 'node:fs'
import path from 'node:path'
import type { TextFetcher } from './document-types.js'
import { extensionOf, fileBytesMaxDefault, readTextFile, type SkipReason, skipReasonOf } from './text-files.js'

export interface FileFetcherConfig {
  /** Largest file that is read. Default: 64 MiB. */
  bytesMax?: number
  /** Is told of files in folders that are no documents. */
  onSkip?: (filePath: string, reason: SkipReason) => void
}

/**
 * Reads documents from the file system: a file, or all files of a folder and of those below it. In folders, files that are not text or too
 * large are skipped; asked for by name they are refused.
 *
 * @example
 * ```ts
 * await new FileFetcher().fetch('./notes', async (uri, text, docType) => {
 *   await index.upsertDocument(uri, text, docType)
 *   return true
 * })
 * ```
 */
export class FileFetcher implements TextFetcher {
  readonly #bytesMax: number
  readonly #onSkip: FileFetcherConfig['onSkip']
  /** Folders that are being read, as links may lead back into them. */
  readonly #open = new Set<string>()
  /** Failures of our own: what `onDocument` throws is the caller's. */
  readonly #refused = new WeakSet<object>()

  constructor({ bytesMax = fileBytesMaxDefault, onSkip }: FileFetcherConfig = {}) {
    this.#bytesMax = bytesMax
    this.#onSkip = onSkip
  }

  /** A path that does not exist has no documents. */
  async fetch(uri: string, onDocument: (uri: string, text: string, docType?: string) => Promise<boolean>): Promise<boolean> {
    let status: { isDirectory(): boolean; size?: number; dev?: number; ino?: number }
    try {
      status = await fs.promises.stat(uri)
    } catch {
      return true
    }
    if (!status.isDirectory())
      return onDocument(uri, await this.#read(uri, status.size), extensionOf(uri) ?? path.basename(uri).toLowerCase())
    const folder = status.ino === undefined ? uri : `${status.dev}:${status.ino}`
    if (this.#open.has(folder)) return true
    this.#open.add(folder)
    try {
      return await this.#fetchFolder(uri, onDocument)
    } finally {
      this.#open.delete(folder)
    }
  }

  async #fetchFolder(folder: string, onDocument: Parameters<FileFetcher['fetch']>[1]): Promise<boolean> {
    let all = true
    for (const name of await fs.promises.readdir(folder)) {
      const filePath = path.join(folder, name)
      try {
        if (!(await this.fetch(filePath, onDocument))) all = false
      } catch (error) {
        const reason = skipReasonOf(error)
        if (reason === undefined || !this.#refused.has(error as object)) throw error
        this.#onSkip?.(filePath, reason)
      }
    }
    return all
  }

  async #read(filePath: string, size: number | undefined): Promise<string> {
    try {
      return await readTextFile(filePath, this.#bytesMax, size)
    } catch (error) {
      if (skipReasonOf(error)) this.#refused.add(error as object)
      throw error
    }
  }
}
