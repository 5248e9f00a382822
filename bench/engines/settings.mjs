import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder } from '../shared/folders.mjs'

export const m = 16
export const efConstruction = 200
export const notInstalled = 'not installed'

/** @param {readonly number[]} efs */
export const efOnly = (efs) => efs.map((ef) => ({ ef }))

/** @param {string} name @returns {string} the version that is installed here */
export function installedVersion(name) {
  const file = join(benchFolder, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : notInstalled
}

/** @returns {() => number} seconds since this call */
export function stopwatch() {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
