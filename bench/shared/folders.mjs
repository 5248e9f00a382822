import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benchFolder = join(dirname(fileURLToPath(import.meta.url)), '..')
export const rootFolder = join(benchFolder, '..')
export const cacheFolder = join(benchFolder, '.cache')

/** @param {string} path a file or a folder @returns {number} the bytes of all files in it */
export function sizeBytes(path) {
  const status = statSync(path)
  if (!status.isDirectory()) return status.size
  return readdirSync(path).reduce((sum, entry) => sum + sizeBytes(join(path, entry)), 0)
}
