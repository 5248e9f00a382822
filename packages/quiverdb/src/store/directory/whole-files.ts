import { DurableFolders, makeFolders } from './durable-folders.js'
import type { FileSystem } from './file-system.js'
import { folderPath } from './folder-path.js'
import { StagedFiles } from './staged-files.js'

export { folderPath, makeFolders }

/** Writes a file so that its path leads to all of the bytes or to what was there before, also after power loss. */
export async function writeFileAtomically(fs: FileSystem, path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const target = folderPath(path)
  const folder = target.includes('/') ? target.slice(0, target.lastIndexOf('/')) || '/' : '.'
  const staged = new StagedFiles(fs, new DurableFolders(folder, fs))
  const unfinished = `${target}.${crypto.randomUUID()}.tmp`
  await staged.writeAt(unfinished, chunks)
  try {
    await fs.rename(unfinished, target)
  } catch (error) {
    staged.discard(unfinished)
    await staged.settled()
    throw error
  }
  await fs.syncDirectory(folder)
}

/** The bytes of a file; its size instead when it is larger than `bytesMax`, of which nothing is read then. */
export async function readFileWithin(fs: FileSystem, path: string, bytesMax = Infinity): Promise<Uint8Array | number> {
  const fd = await fs.open(folderPath(path), 'r')
  try {
    const { size } = await fs.stat(fd)
    if (size > bytesMax) return size
    const bytes = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const count = await fs.read(fd, bytes.subarray(filled), filled)
      if (count === 0) break
      filled += count
    }
    return bytes.subarray(0, filled)
  } finally {
    await fs.close(fd)
  }
}
