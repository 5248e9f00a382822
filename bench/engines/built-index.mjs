import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFolder } from '../sets/sets.mjs'
import { withChild } from '../shared/child.mjs'
import { sizeBytes } from '../shared/folders.mjs'
import { progress } from '../shared/output.mjs'
import { engineNamed } from './index.mjs'
import { notInstalled } from './settings.mjs'

/** What `new Child` takes for an engine with its index in a folder. */
export const engineChild = (engine, info, folder, options = {}) =>
  /** @type {ConstructorParameters<typeof Child>} */ (['engines/process.mjs', { engine: engine.name, info, folder }, options])

/**
 * The index of an engine over a set, built in a process of its own unless one of the same version is kept from before.
 *
 * @param {import('./index.mjs').Engine} engine @param {import('./index.mjs').SetInfo} info @param {{ rebuild: boolean }} options
 * @returns {Promise<import('./index.mjs').Built & { cpuS: number, folder: string, fileBytes: number, cached: boolean }>}
 * @throws {Error} when its package is not installed, or building failed
 */
export async function builtIndex(engine, info, { rebuild }) {
  checkInstalled(engine)
  const builder = engine.indexOf === undefined ? engine : engineNamed(engine.indexOf)
  const folder = join(setFolder(info), builder.name)
  const record = join(folder, 'built.json')
  const stamp = builder.stamp?.() ?? builder.version()
  const kept = !rebuild || builder !== engine ? keptRecord(record, stamp) : undefined
  if (kept) return { ...kept, folder, cached: true }
  progress(`Building ${info.name} with ${builder.name}`)
  const built = { ...(await newIndex(builder, info, folder)), stamp }
  writeFileSync(record, JSON.stringify(built))
  return { ...built, folder, cached: false }
}

/**
 * Builds an index in an empty folder, in a process of its own.
 *
 * @param {import('./index.mjs').Engine} engine @param {import('./index.mjs').SetInfo} info @param {string} folder
 * @param {{ cores?: 1 | 2 | 'all', node?: string }} [options]
 */
export async function newIndex(engine, info, folder, options) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const built = await withChild(engineChild(engine, info, folder, options), (child) => child.ask('build'))
  return { ...built, fileBytes: sizeBytes(folder) }
}

/** @param {import('./index.mjs').Engine} engine @throws {Error} */
export function checkInstalled(engine) {
  if (engine.version() === notInstalled) throw new Error(`the package ${engine.package} is not installed here`)
}

function keptRecord(file, stamp) {
  if (!existsSync(file)) return undefined
  const record = JSON.parse(readFileSync(file, 'utf8'))
  return record.stamp === stamp ? record : undefined
}
