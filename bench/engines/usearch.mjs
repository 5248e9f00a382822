import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { stopwatch } from '../shared/meters.mjs'
import { efConstruction, efOnly, installedVersion, m } from './settings.mjs'

const require = createRequire(import.meta.url)
const oneThread = 1
const indexFile = (folder) => join(folder, 'index.usearch')
let library

/** @type {import('./index.mjs').Engine} */
export const usearch = {
  name: 'usearch',
  variant: 'f32',
  package: 'usearch',
  version: () => installedVersion('usearch'),
  settings: efOnly,
  async load() {
    library = require('usearch')
  },
  async build(info, base, folder) {
    const index = newIndex(info, efConstruction)
    const elapsed = stopwatch()
    for (let row = 0; row < base.rows; row++) index.add(BigInt(row), base.row(row), oneThread)
    const buildS = elapsed()
    index.save(indexFile(folder))
    return { buildS, settledS: elapsed(), graphs: [base.rows], unindexed: 0 }
  },
  async open(info, folder, setting) {
    let { ef: loadedEf, k } = setting
    let index = loaded(info, folder, loadedEf)
    let inputs = []
    return {
      prepare: (queries) => (inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())),
      // Its ef is an argument of the constructor: every setting opens the file again.
      async configure({ ef, k: wanted }) {
        k = wanted
        if (ef === loadedEf) return
        index = undefined
        globalThis.gc?.()
        await setImmediate() // what was collected is freed in a later turn
        index = loaded(info, folder, ef)
        loadedEf = ef
      },
      search: (query) => index.search(inputs[query], k, oneThread),
      rows: (answer) => Array.from(answer.keys, Number),
      close: () => {},
    }
  },
}

function newIndex(info, ef) {
  return new library.Index({
    dimensions: info.dimensions,
    metric: info.metric === 'l2' ? library.MetricKind.L2sq : library.MetricKind.IP,
    quantization: library.ScalarKind.F32,
    connectivity: m,
    expansion_add: efConstruction,
    expansion_search: ef,
    multi: false,
  })
}

function loaded(info, folder, ef) {
  const index = newIndex(info, ef)
  index.load(indexFile(folder))
  return index
}
