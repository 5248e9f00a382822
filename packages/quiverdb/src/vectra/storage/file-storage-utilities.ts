import type { FileStorage } from './file-storage.js'
import { ContentTypeMap, FileExt, type FileType } from './file-types.js'
import { pathUtils } from './path-utils.js'

/** What is often asked of a storage or of a file's name. */
export class FileStorageUtilities {
  static async ensureFolderExists(storage: FileStorage, folderPath: string): Promise<void> {
    if (!(await storage.pathExists(folderPath))) await storage.createFolder(folderPath)
  }

  /** The type that a file's extension tells; undefined when it is none of `FileExt`. */
  static getFileType(filePath: string): FileType | undefined {
    return known(pathUtils.extname(filePath).slice(1).toLowerCase())
  }

  /** The type of a file that is served as `contentType`. */
  static getFileTypeFromContentType(contentType: string): FileType | undefined {
    const mapped = ContentTypeMap[contentType]
    return mapped ?? known(contentType.split('/')[1]?.split('+')[0])
  }

  /** Deletes a file; returns the error when it cannot. */
  static async tryDeleteFile(storage: FileStorage, filePath: string): Promise<Error | undefined> {
    try {
      await storage.deleteFile(filePath)
      return undefined
    } catch (error) {
      return error as Error
    }
  }
}

const known = (extension: string | undefined): FileType | undefined =>
  extension !== undefined && FileExt.includes(extension) ? extension : undefined
