import { cutRange } from '../bytes.js'
import type { ByteRange } from '../object-store.js'
import { codeOf, isMissing } from './failures.js'
import type { FileSystem } from './file-system.js'

/**
 * Where hard links are refused, an object is a folder that holds this one file: renaming a folder onto one that is not empty
 * fails, which makes a rename create-only. The name is no valid segment of a key.
 */
export const objectFileName = '#o'

export interface ObjectFile {
  readonly fd: number
  readonly sizeBytes: number
}

/** Whether the path is an object, in either shape; a folder of other objects is none. */
export function objectExists(fs: FileSystem, path: string): boolean {
  try {
    const status = fs.statPathSync(path)
    return status !== null && (!status.isDirectory() || fs.statPathSync(`${path}/${objectFileName}`) !== null)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Opens an object for reading; null when there is none. The caller closes it. */
export function openObject(fs: FileSystem, path: string): ObjectFile | null {
  const file = openFile(fs, path)
  return file === 'directory' ? (openFile(fs, `${path}/${objectFileName}`) as ObjectFile | null) : file
}

/** Reads a part of an open object; a file that was cut short gives fewer bytes. */
export function readOpenObject(fs: FileSystem, fd: number, target: Uint8Array, position: number): number {
  let filled = 0
  while (filled < target.byteLength) {
    const count = fs.readSync(fd, filled === 0 ? target : target.subarray(filled), position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Reads an object or a part of it without blocking; null when there is none. */
export async function readObject(fs: FileSystem, path: string, range?: ByteRange): Promise<Uint8Array | null> {
  const content = await readFile(fs, path, range)
  return content === 'directory' ? ((await readFile(fs, `${path}/${objectFileName}`, range)) as Uint8Array | null) : content
}

/** Removes an object in either shape; nothing happens when there is none. */
export async function removeObject(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.unlink(path)
  } catch (error) {
    if (isMissing(error)) return
    if (codeOf(error) !== 'EISDIR' && codeOf(error) !== 'EPERM') throw error
    if (!objectExists(fs, path)) return
    await fs.unlink(`${path}/${objectFileName}`).catch(unless(isMissing))
    await removeEmptyFolder(fs, path)
  }
}

/** Whether the folder was empty and is gone. */
export async function removeEmptyFolder(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.rmdir(path)
    return true
  } catch {
    return false
  }
}

function openFile(fs: FileSystem, path: string): ObjectFile | 'directory' | null {
  let fd: number
  try {
    fd = fs.openSync(path)
  } catch (error) {
    if (isMissing(error)) return null
    if (codeOf(error) === 'EISDIR') return 'directory'
    throw error
  }
  try {
    const status = fs.statSync(fd)
    if (!status.isDirectory()) return { fd, sizeBytes: status.size }
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
  fs.closeSync(fd)
  return 'directory'
}

async function readFile(fs: FileSystem, path: string, range?: ByteRange): Promise<Uint8Array | 'directory' | null> {
  let fd: number
  try {
    fd = await fs.open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return null
    if (codeOf(error) === 'EISDIR') return 'directory'
    throw error
  }
  try {
    const status = await fs.stat(fd)
    if (status.isDirectory()) return 'directory'
    const { start, end } = cutRange(range, status.size)
    const content = new Uint8Array(end - start)
    let filled = 0
    while (filled < content.byteLength) {
      const count = await fs.read(fd, content.subarray(filled), start + filled)
      if (count === 0) break
      filled += count
    }
    return filled < content.byteLength ? content.slice(0, filled) : content
  } finally {
    await fs.close(fd)
  }
}

function unless(expected: (error: unknown) => boolean): (error: unknown) => void {
  return (error) => {
    if (!expected(error)) throw error
  }
}
