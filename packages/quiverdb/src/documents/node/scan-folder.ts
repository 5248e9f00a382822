import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { QuiverError } from '../../errors.js'

/** Documented limit (`docs/LIMITS.md`). */
export const folderFilesMax = 100_000

/** What tells whether a file has changed since it was last looked at. */
export interface FileStamp {
  readonly mtimeMs: number
  readonly size: number
}

/**
 * The files in a folder and its folders, by their paths below it with `/` between the names. Links are not followed, so there are no circles.
 * @param accepts asked for files and, with a `/` at the end, for folders
 * @throws QuiverError LIMIT_EXCEEDED, NOT_FOUND, STORAGE_FAILED
 */
export async function scanFolder(folder: string, accepts: (path: string) => boolean): Promise<Map<string, FileStamp>> {
  const files = new Map<string, FileStamp>()
  const waiting = ['']
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of await entriesOf(join(folder, below), below === '')) {
      const path = below + entry.name
      if (entry.isDirectory()) {
        if (accepts(`${path}/`)) waiting.push(`${path}/`)
      } else if (entry.isFile() && accepts(path)) {
        const stats = await stat(join(folder, path)).catch(() => undefined)
        if (stats) files.set(path, { mtimeMs: stats.mtimeMs, size: stats.size })
        if (files.size > folderFilesMax) throw tooMany(folder)
      }
    }
  }
  return files
}

async function entriesOf(folder: string, isTop: boolean) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // One that went away meanwhile has no files.
    if (!isTop && code === 'ENOENT') return []
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
    throw new QuiverError(isMissing ? 'NOT_FOUND' : 'STORAGE_FAILED', `The folder ${folder} cannot be read: ${message}.`, {
      details: { path: folder },
      cause: error,
    })
  }
}

function tooMany(folder: string): QuiverError {
  return new QuiverError('LIMIT_EXCEEDED', `The folder ${folder} has more than ${folderFilesMax} files.`, {
    details: { path: folder, limit: folderFilesMax },
  })
}
