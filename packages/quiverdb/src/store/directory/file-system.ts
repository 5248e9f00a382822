import * as fs from 'node:fs'
import { promisify } from 'node:util'

/**
 * What a folder needs of its file system, so that a test can refuse a link or fill the disk. Paths use `/`.
 * Failures are thrown as the system gives them, with `code` and `errno`.
 */
export interface FileSystem {
  /** `r` reads, `wx` creates and writes and fails where the path exists. */
  open(path: string, flags: 'r' | 'wx'): Promise<number>
  /** Writes at the end of what was written; returns the bytes written, which may be fewer. */
  write(fd: number, chunks: readonly Uint8Array[]): Promise<number>
  /** Fills `target` from byte `position`; returns the bytes read, which may be fewer. */
  read(fd: number, target: Uint8Array, position: number): Promise<number>
  stat(fd: number): Promise<FileStatus>
  /** Resolves when the file's bytes survive power loss. */
  fsync(fd: number): Promise<void>
  close(fd: number): Promise<void>
  /** Resolves when the names in this folder survive power loss. */
  syncDirectory(path: string): Promise<void>
  link(existing: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  mkdir(path: string): Promise<void>
  rmdir(path: string): Promise<void>
  readDirectory(path: string): Promise<readonly DirectoryEntry[]>

  openSync(path: string): number
  readSync(fd: number, target: Uint8Array, position: number): number
  statSync(fd: number): FileStatus
  closeSync(fd: number): void
  existsSync(path: string): boolean
  /** Null where there is nothing. */
  statPathSync(path: string): FileStatus | null
}

export interface FileStatus {
  readonly size: number
  /** Milliseconds since 1970. */
  readonly mtimeMs: number
  isDirectory(): boolean
}

export interface DirectoryEntry {
  readonly name: string
  isDirectory(): boolean
}

const read = promisify(fs.read)
const writev = promisify(fs.writev)
const fsync = promisify(fs.fsync)
/** Windows cannot open a folder for syncing; NTFS journals names by itself. */
const canSyncDirectories = process.platform !== 'win32'

/** A read or write up to this size takes less time between memory and the page cache than a turn of the thread pool. */
const quickBytesMax = 128 * 1024

/**
 * The file system of Node. What only touches names or the page cache is done at once: a turn of the thread pool costs more than the call,
 * and a commit would need ten of them. What waits for the disk (syncs, large reads and writes) goes to the pool.
 */
export const nodeFileSystem: FileSystem = Object.freeze({
  open: async (path: string, flags: 'r' | 'wx') => fs.openSync(path, flags),
  write: async (fd: number, chunks: readonly Uint8Array[]) => {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    if (bytes <= quickBytesMax) return fs.writevSync(fd, chunks)
    return (await writev(fd, chunks as Uint8Array[])).bytesWritten
  },
  read: async (fd: number, target: Uint8Array, position: number) => {
    if (target.byteLength <= quickBytesMax) return fs.readSync(fd, target, 0, target.byteLength, position)
    return (await read(fd, target, 0, target.byteLength, position)).bytesRead
  },
  stat: async (fd: number) => fs.fstatSync(fd),
  fsync,
  close: async (fd: number) => fs.closeSync(fd),
  async syncDirectory(path: string) {
    if (!canSyncDirectories) return
    const fd = fs.openSync(path, 'r')
    try {
      await fsync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
  link: async (existing: string, path: string) => fs.linkSync(existing, path),
  rename: async (from: string, to: string) => fs.renameSync(from, to),
  // Nobody waits for it, and during a sync the call itself may wait.
  unlink: promisify(fs.unlink),
  mkdir: async (path: string) => fs.mkdirSync(path),
  rmdir: promisify<string, void>(fs.rmdir),
  readDirectory: async (path: string) => fs.readdirSync(path, { withFileTypes: true }),
  openSync: (path: string) => fs.openSync(path, 'r'),
  readSync: (fd: number, target: Uint8Array, position: number) => fs.readSync(fd, target, 0, target.byteLength, position),
  statSync: (fd: number) => fs.fstatSync(fd),
  closeSync: fs.closeSync,
  existsSync: fs.existsSync,
  statPathSync: (path: string) => fs.statSync(path, { throwIfNoEntry: false }) ?? null,
})
