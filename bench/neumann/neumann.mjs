// Question: what do the tables of Neumann's vector engine look like with Quiver's figures beside its own?
import { recipes } from '../sets/recipes.mjs'
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, table } from '../shared/table.mjs'
import { presets, simdGains, sizes } from './published.mjs'

const k = 10
const full = { presetRows: 100_000, rowsMax: 100_000, queries: 1_000 }
const quick = { presetRows: 3_000, rowsMax: 1_000, queries: 100 }

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const { presetRows, rowsMax, queries } = options.quick ? quick : full
  return withChild(['neumann/process.mjs', { queries, k }], async (child) => {
    const measured = async (kind, list, parametersOf) => {
      const rows = []
      for (const published of list) {
        progress(`${kind} ${published[Object.keys(published)[0]]}`)
        rows.push({ bench: 'neumann', kind, published, ...(await child.ask(kind, parametersOf(published))) })
      }
      return rows
    }
    const presetRowsMeasured = await measured('preset', presets, ({ preset }) => ({ rows: presetRows, preset }))
    print(
      `\n# Presets: ${presetRows} x ${recipes.scale.dimensions}, cosine; Neumann's figures in brackets\n\n${presetTable(presetRowsMeasured)}`,
    )
    const listed = sizes.filter(({ rows }) => rows <= rowsMax)
    const sizeRows = await measured('size', listed, ({ rows }) => ({ rows }))
    print(`\n# Brute force against HNSW: ${recipes.scale.dimensions} dimensions, cosine, k ${k}\n\n${sizeTable(sizeRows)}`)
    const simdRows = await measured('simd', simdGains, ({ dimensions }) => ({ dimensions }))
    print(`\n# SIMD gain: a cosine in the kernel against a loop in JavaScript, vectors in the cache\n\n${simdTable(simdRows)}`)
    return [...presetRowsMeasured, ...sizeRows, ...simdRows]
  })
}

const beside = (mine, published) => `${mine} (${published})`

/** The bytes are those of codes and links; the float32 vector comes on top in both. */
function presetTable(rows) {
  const lines = rows.map(({ published, bytesPerNode, recall, searchS }) => [
    published.preset,
    '',
    beside(number(bytesPerNode), `~${published.bytesPerNode}`),
    beside(number(recall, 4), `~${published.recall}`),
    beside(number(1e3 * searchS, 3), published.searchMs),
  ])
  return table(['preset', '', 'bytes a node', `recall@${k}`, 'search ms'], lines)
}

function sizeTable(rows) {
  const lines = rows.map(({ published, plainS, bruteForceS, hnswS }) => [
    number(published.rows),
    '',
    number(1e3 * plainS, 3),
    beside(number(1e3 * bruteForceS, 3), `~${published.bruteForceMs}`),
    beside(number(1e3 * hnswS, 4), `~${published.hnswMs}`),
    beside(`${number(bruteForceS / hnswS, 1)}x`, published.speedup),
    beside(`${number(published.bruteForceMs / (1e3 * bruteForceS))}x`, '1x'),
  ])
  const head = ['vectors', '', 'plain loop ms', 'brute force ms', 'HNSW ms', 'speedup', 'brute force x']
  return table(head, lines)
}

function simdTable(rows) {
  const lines = rows.map(({ published, plainS, kernelS }) => [
    number(published.dimensions),
    '',
    number(rounded(1e9 * plainS, 1), 1),
    number(1e9 * kernelS, 1),
    beside(`${number(plainS / kernelS, 1)}x`, published.gain),
  ])
  return table(['dimensions', '', 'plain loop ns', 'kernel ns', 'gain'], lines)
}
