import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sizeBytes } from '../shared/folders.mjs'
import { setFolder } from '../shared/sets.mjs'
import { EngineProcess } from './engine-process.mjs'
import { engineNamed } from './index.mjs'
import { notInstalled } from './settings.mjs'

/**
 * The index of an engine over a set, built in a process of its own unless one of the same version is kept from before.
 *
 * @param {import('./index.mjs').Engine} engine @param {import('./index.mjs').SetInfo} info @param {{ rebuild: boolean }} options
 * @returns {Promise<import('./index.mjs').Built & { cpuS: number, folder: string, fileBytes: number, cached: boolean }>}
 * @throws {Error} when its package is not installed, or building failed
 */
export async function builtIndex(engine, info, { rebuild }) {
  if (engine.version() === notInstalled) throw new Error(`the package ${engine.package} is not installed here`)
  const builder = engine.indexOf === undefined ? engine : engineNamed(engine.indexOf)
  const folder = join(setFolder(info), builder.name)
  const record = join(folder, 'built.json')
  const stamp = builder.stamp?.() ?? builder.version()
  const kept = !rebuild || builder !== engine ? keptRecord(record, stamp) : undefined
  if (kept) return { ...kept, folder, cached: true }

  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.stderr.write(`Building ${info.name} with ${builder.name} ...\n`)
  const child = new EngineProcess(builder, info, folder)
  try {
    const built = { ...(await child.ask('build')), stamp, fileBytes: sizeBytes(folder) }
    writeFileSync(record, JSON.stringify(built))
    return { ...built, folder, cached: false }
  } finally {
    await child.end()
  }
}

function keptRecord(file, stamp) {
  if (!existsSync(file)) return undefined
  const record = JSON.parse(readFileSync(file, 'utf8'))
  return record.stamp === stamp ? record : undefined
}
