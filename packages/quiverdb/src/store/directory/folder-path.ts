import { fileURLToPath } from 'node:url'
import { QuiverError } from '../../errors.js'

/**
 * The folder that a path or a `file:` URL names, written with `/`.
 * @throws QuiverError INVALID_ARGUMENT: the URL of something that is no folder of this machine.
 */
export function folderPath(pathOrUrl: string): string {
  const path = /^file:/i.test(pathOrUrl) ? pathOfUrl(pathOrUrl) : pathOrUrl
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new QuiverError('INVALID_ARGUMENT', `${url} is not the URL of a folder; write file:///path/to/folder.`, { cause })
  }
}
