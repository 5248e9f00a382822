import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attributesOf } from '../sets/attributes.mjs'
import { benchFolder, cacheFolder } from '../shared/folders.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { efConstruction, efOnly, installedVersion, m } from './settings.mjs'

const require = createRequire(import.meta.url)
const installed = join(benchFolder, 'node_modules', 'hnswlib-node')
const indexFile = (folder) => join(folder, 'index.hnsw')
// The sets for cosine are of unit length, where the inner product orders alike and costs less.
const spaceOf = (info) => (info.metric === 'l2' ? 'l2' : 'ip')

/** @type {import('./index.mjs').Engine} the reference: what `npm install hnswlib-node` compiles (SSE only) */
export const hnswlibNode = hnswlib('hnswlib-node', 'f32, npm build', () => installed)

/** @type {import('./index.mjs').Engine} the same sources, compiled for this machine's own instructions; opens the same index */
export const hnswlibNodeNative = {
  ...hnswlib('hnswlib-node-native', 'f32, -march=native', nativeBuild),
  indexOf: 'hnswlib-node',
}

function hnswlib(name, variant, folderOf) {
  let library
  return {
    name,
    variant,
    package: 'hnswlib-node',
    version: () => installedVersion('hnswlib-node'),
    settings: efOnly,
    async load() {
      library = require(folderOf())
    },
    async build(info, base, folder) {
      const index = new library.HierarchicalNSW(spaceOf(info), info.dimensions)
      const elapsed = stopwatch()
      index.initIndex(base.rows, m, efConstruction)
      for (let row = 0; row < base.rows; row++) index.addPoint(Array.from(base.row(row)), row)
      const buildS = elapsed()
      index.writeIndexSync(indexFile(folder))
      return { buildS, settledS: elapsed(), graphs: [base.rows], unindexed: 0 }
    },
    async open(info, folder) {
      const index = new library.HierarchicalNSW(spaceOf(info), info.dimensions)
      index.readIndexSync(indexFile(folder))
      return served(index, info)
    },
  }
}

function served(index, info) {
  let inputs = []
  let filters
  let setting
  return {
    // Its API takes plain arrays alone.
    prepare(queries, conditions) {
      inputs = Array.from({ length: queries.rows }, (_, query) => Array.from(queries.row(query)))
      filters = conditions?.map(filterOver(attributesOf(info)))
    },
    configure(next) {
      setting = next
      index.setEf(setting.ef)
    },
    search: (query) => index.searchKnn(inputs[query], setting.k, filters?.[query]),
    rows: (answer) => answer.neighbors,
    close: () => {},
  }
}

/** It has no attributes of its own, but asks a function about every node that it comes to. */
function filterOver(attributes) {
  return ({ field, from, to }) => {
    const values = attributes[field]
    return (row) => values[row] >= from && values[row] < to
  }
}

function nativeBuild() {
  const folder = join(cacheFolder, `hnswlib-node-${installedVersion('hnswlib-node')}-native`)
  const packageFolder = (parent) => join(parent, 'node_modules', 'hnswlib-node')
  if (existsSync(folder)) return packageFolder(folder)
  const attempt = `${folder}.part`
  rmSync(attempt, { recursive: true, force: true })
  cpSync(installed, packageFolder(attempt), { recursive: true, filter: (path) => path !== join(installed, 'build') })
  writeFileSync(join(attempt, 'package.json'), JSON.stringify({ private: true, allowScripts: { 'hnswlib-node': true } }))
  const env = { ...process.env, CXXFLAGS: '-O3 -march=native' }
  const result = spawnSync('npm', ['rebuild'], { cwd: attempt, env, encoding: 'utf8' })
  if (result.status !== 0)
    throw new Error(`compiling hnswlib-node with -march=native failed: ${result.stderr.trim().slice(-500)}`)
  renameSync(attempt, folder)
  return packageFolder(folder)
}
