import type { FileType } from './file-types.js'

export type ListFilesFilter = 'files' | 'folders' | 'all'

export interface FileDetails {
  name: string
  path: string
  isFolder: boolean
  fileType?: FileType
}

/** A range of the bytes that a file has before it is replaced. */
export interface KeptRange {
  readonly start: number
  readonly end: number
}

/** What a file is to hold: new bytes, and ranges of what it holds already, one after the other. */
export type FilePiece = Uint8Array | KeptRange

/**
 * Where an index keeps its files. The nine methods that are not optional are all that is needed; paths have `/`.
 *
 * The optional ones are used where they are there: `replaceFile` makes saving atomic and quick, `stampOf` lets an index notice that another
 * process has written, `readChunks` reads files of any size, `appendFile` is what the journal needs, and `withLock` keeps two writers apart.
 */
export interface FileStorage {
  /** Writes a file that is not there yet. */
  createFile(filePath: string, content: Uint8Array | string): Promise<void>
  /** Makes a folder, and those above it. */
  createFolder(folderPath: string): Promise<void>
  deleteFile(filePath: string): Promise<void>
  /** Deletes a folder and what is in it. */
  deleteFolder(folderPath: string): Promise<void>
  getDetails(fileOrFolderPath: string): Promise<FileDetails>
  /** What lies directly in a folder. Default filter: `all`. */
  listFiles(folderPath: string, filter?: ListFilesFilter): Promise<FileDetails[]>
  pathExists(fileOrFolderPath: string): Promise<boolean>
  readFile(filePath: string): Promise<Uint8Array>
  /** Writes a file, whether it is there or not. */
  upsertFile(filePath: string, content: Uint8Array | string): Promise<void>

  /**
   * Writes a file so that it is found either as it was or as it shall be, whatever happens meanwhile. Resolves to its `stampOf`. `basis` is the stamp of the
   * file that the ranges are of. Throws a VectraError CONFLICT when it is another one.
   */
  replaceFile?(filePath: string, pieces: Iterable<FilePiece>, basis?: string): Promise<string | undefined>
  /** A text that differs whenever the file was written meanwhile; undefined where there is no file. */
  stampOf?(filePath: string): Promise<string | undefined>
  /** The bytes of a file, piece by piece. */
  readChunks?(filePath: string): AsyncIterable<Uint8Array>
  /** Adds bytes to a file and resolves when they will outlive a crash. The file is made when it is absent. */
  appendFile?(filePath: string, content: Uint8Array): Promise<void>
  /** Runs `action` while no other process or instance runs one for the same path. */
  withLock?<T>(filePath: string, action: () => Promise<T>): Promise<T>
}
