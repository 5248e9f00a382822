import fs from 'node:fs/promises'
import path from 'node:path'
import { toBytes } from './bytes.js'
import { setDefaultStorage } from './default-storage.js'
import { FileStorageUtilities } from './file-storage-utilities.js'
import type { FileDetails, FilePiece, FileStorage, ListFilesFilter } from './file-storage.js'
import { withLocalLock } from './local-lock.js'
import { localStamp, replaceLocalFile } from './replace-local-file.js'

/** Bytes of a file that are in memory at once while it is read piece by piece. */
const chunkBytes = 8 * 1024 ** 2

/**
 * Files of this machine, all below `rootFolder` if there is one. Its functions of the file system are looked up when they are called, so
 * that tests can replace them.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes', undefined, new LocalFileStorage('/var/lib/app'))
 * ```
 */
export class LocalFileStorage implements FileStorage {
  readonly #rootFolder: string | undefined

  constructor(rootFolder?: string) {
    this.#rootFolder = rootFolder
  }

  async createFile(filePath: string, content: Uint8Array | string): Promise<void> {
    await fs.writeFile(this.getFullPath(filePath), toBytes(content), { flag: 'wx' })
  }

  async createFolder(folderPath: string): Promise<void> {
    await fs.mkdir(this.getFullPath(folderPath), { recursive: true })
  }

  async deleteFile(filePath: string): Promise<void> {
    await fs.unlink(this.getFullPath(filePath))
  }

  async deleteFolder(folderPath: string): Promise<void> {
    await fs.rm(this.getFullPath(folderPath), { recursive: true })
  }

  async getDetails(fileOrFolderPath: string): Promise<FileDetails> {
    const status = await fs.stat(this.getFullPath(fileOrFolderPath))
    return detailsOf(path.basename(fileOrFolderPath), fileOrFolderPath, status.isDirectory())
  }

  async listFiles(folderPath: string, filter?: ListFilesFilter): Promise<FileDetails[]> {
    const folder = this.getFullPath(folderPath)
    const entries = await fs.readdir(folder, { withFileTypes: true })
    return entries
      .map((entry) => detailsOf(entry.name, path.join(folder, entry.name), entry.isDirectory()))
      .filter(({ isFolder }) => (filter !== 'files' || !isFolder) && (filter !== 'folders' || isFolder))
  }

  async pathExists(fileOrFolderPath: string): Promise<boolean> {
    try {
      await fs.access(this.getFullPath(fileOrFolderPath))
      return true
    } catch {
      return false
    }
  }

  readFile(filePath: string): Promise<Buffer> {
    return fs.readFile(this.getFullPath(filePath))
  }

  async upsertFile(filePath: string, content: Uint8Array | string): Promise<void> {
    await fs.writeFile(this.getFullPath(filePath), toBytes(content), { flag: 'w' })
  }

  /** Writes a new file beside the old one, syncs it, and gives it the old one's name. */
  replaceFile(filePath: string, pieces: Iterable<FilePiece>, basis?: string): Promise<string> {
    return replaceLocalFile(this.getFullPath(filePath), pieces, basis)
  }

  /** Puts a file with the process's number beside it, which is taken over when the process has died. */
  withLock<T>(filePath: string, action: () => Promise<T>): Promise<T> {
    return withLocalLock(this.getFullPath(filePath), action)
  }

  async stampOf(filePath: string): Promise<string | undefined> {
    try {
      return await localStamp(this.getFullPath(filePath))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async *readChunks(filePath: string): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await fs.open(this.getFullPath(filePath))
    try {
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(chunkBytes), 0, chunkBytes)
        if (!bytesRead) return
        yield buffer.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  async appendFile(filePath: string, content: Uint8Array): Promise<void> {
    const file = await fs.open(this.getFullPath(filePath), 'a')
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  /** The path for the file system. */
  protected getFullPath(relativePath: string): string {
    if (this.#rootFolder === undefined) return relativePath || '.'
    return relativePath ? path.join(this.#rootFolder, relativePath) : this.#rootFolder
  }
}

function detailsOf(name: string, filePath: string, isFolder: boolean): FileDetails {
  const details = { name, path: filePath, isFolder }
  return isFolder ? details : { ...details, fileType: FileStorageUtilities.getFileType(name) }
}

setDefaultStorage(() => new LocalFileStorage())
