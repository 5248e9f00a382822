import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchFolder } from '../shared/folders.mjs'

/** Links of a node and candidates kept while building: the same for every engine. */
export const m = 16
export const efConstruction = 200
export const notInstalled = 'not installed'

/** @param {readonly number[]} efs @param {number} k @returns {import('./index.mjs').Setting[]} */
export const efOnly = (efs, k) => efs.map((ef) => ({ k, ef }))

/** @param {string} name @returns {string} the version that is installed here */
export function installedVersion(name) {
  const file = join(benchFolder, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : notInstalled
}
