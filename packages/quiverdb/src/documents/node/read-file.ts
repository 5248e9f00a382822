import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { QuiverError } from '../../errors.js'
import { htmlToMarkdown } from '../../fetch/html-to-markdown.js'
import { textOf } from '../text-bytes.js'

/** Documented limit (`docs/LIMITS.md`): a document's text is one record. */
export const fileBytesMax = 4 * 1024 * 1024

const isPage = /\.x?html?$/i

export interface FileText {
  /** The absolute path. */
  readonly path: string
  readonly text: string
  /** Where it is not what the path's ending says. */
  readonly docType?: string
}

/** Reads a text file; a page of HTML becomes Markdown. @throws QuiverError NOT_FOUND, INVALID_DOCUMENT: it is no file or holds no text. LIMIT_EXCEEDED, STORAGE_FAILED */
export async function readFileText(file: string): Promise<FileText> {
  const path = resolve(file)
  const bytes = await bytesOf(path)
  const text = textOf(bytes, path)
  return isPage.test(path) ? { path, text: htmlToMarkdown(text, pathToFileURL(path).href), docType: 'md' } : { path, text }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path)
    try {
      const { size, isFile } = await handle.stat().then((stats) => ({ size: stats.size, isFile: stats.isFile() }))
      if (!isFile) throw new QuiverError('INVALID_DOCUMENT', `${path} is no file.`, { details: { path } })
      if (size > fileBytesMax) {
        throw new QuiverError('LIMIT_EXCEEDED', `${path} has ${size} bytes; a document has at most ${fileBytesMax}. Split it.`, {
          details: { path, limit: fileBytesMax, actual: size },
        })
      }
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof QuiverError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EISDIR') throw new QuiverError('INVALID_DOCUMENT', `${path} is a folder.`, { details: { path } })
    throw new QuiverError(code === 'ENOENT' ? 'NOT_FOUND' : 'STORAGE_FAILED', `${path} cannot be read: ${message}.`, {
      details: { path },
      cause: error,
    })
  }
}
