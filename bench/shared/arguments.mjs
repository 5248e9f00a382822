import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { engineNames, filteringNames, isQuiver, peerNames } from '../engines/index.mjs'
import { kinds, shares } from '../filter/cells.mjs'
import { neighboursMax, setNames } from '../sets/sets.mjs'
import { BenchError } from './errors.mjs'
import { benchFolder } from './folders.mjs'

/** In the order in which `all` runs them. */
export const benchNames = [
  'search',
  'filter',
  'open',
  'build',
  'churn',
  'exact',
  'metrics',
  'neumann',
  'ingest',
  'fields',
  'text',
  'vectra',
  'http',
]
const all = 'all'
/** Its engines have rows with attributes. */
const filter = 'filter'

export const usage = `npm run bench -- <name> [options]

  name            ${benchNames.join(', ')}; ${all}: one after another
  --sets a,b      of ${setNames.join(', ')}; default: those that suit the question and are there
  --engines a,b   of ${engineNames.join(', ')}
  --peers a,b     Quiver's forms and these: ${peerNames.join(', ')}
                  (filter: of ${filteringNames.join(', ')})
  --quick         small sets, few queries, one round, fewer settings: to see that it works, not how fast
  --data DIR      where the downloaded sets are, a folder each; default: bench/data
  --out FILE      the rows as JSON; default: bench/out/<name>.json
  --rebuild       build the indexes again that are kept in bench/.cache
  --no-setup      use what is installed and built
  --node FILE     search, build: Quiver and the fastest builder of its peers once more under this Node.js
  --k a,b         search: how many nearest; default: 1,10,100
  --presets       search: what recall the presets give without any setting, and on clusters and duplicates
  --scale         search: what a query costs against the number of vectors, up to --max N (default 2,000,000)
  --kinds a,b     filter: of ${kinds.join(', ')}
  --shares a,b    filter: per cent of the rows that match, of ${shares.join(', ')}`

const flags = {
  sets: { type: 'string' },
  engines: { type: 'string' },
  peers: { type: 'string' },
  quick: { type: 'boolean' },
  data: { type: 'string' },
  out: { type: 'string' },
  rebuild: { type: 'boolean' },
  'no-setup': { type: 'boolean' },
  node: { type: 'string' },
  k: { type: 'string' },
  presets: { type: 'boolean' },
  scale: { type: 'boolean' },
  max: { type: 'string' },
  kinds: { type: 'string' },
  shares: { type: 'string' },
}
/** Options that only some benches know. */
const particular = {
  node: ['search', 'build'],
  k: ['search'],
  presets: ['search'],
  scale: ['search'],
  max: ['search'],
  kinds: ['filter'],
  shares: ['filter'],
}
const scaleRowsMax = 2_000_000

/**
 * @typedef {object} BenchOptions
 * @property {string} name
 * @property {readonly string[]} names the benches to run
 * @property {readonly string[] | undefined} sets undefined: not chosen
 * @property {readonly string[] | undefined} engines undefined: not chosen
 * @property {readonly string[] | undefined} peers undefined: not chosen
 * @property {boolean} quick
 * @property {string} data
 * @property {string} out
 * @property {boolean} rebuild
 * @property {boolean} setup
 * @property {string | undefined} node another runtime
 * @property {readonly number[]} ks
 * @property {boolean} presets
 * @property {boolean} scale
 * @property {number} rowsMax of the scale
 * @property {readonly import('../filter/cells.mjs').Kind[] | undefined} kinds of filters; undefined: not chosen
 * @property {readonly number[] | undefined} shares of matching rows, in per cent; undefined: not chosen
 */

/** @param {readonly string[]} parameters @returns {BenchOptions} @throws {BenchError} that says what would be right */
export function benchOptions(parameters) {
  const { values, positionals } = parsed(parameters)
  const [name, ...others] = positionals
  if (name === undefined) throw new BenchError(usage)
  if (others.length > 0) throw new BenchError(`One bench at a time: ${name}, then ${others.join(', ')}.`)
  if (name !== all && !benchNames.includes(name)) throw new BenchError(unknown('bench', name, [...benchNames, all]))
  for (const [flag, names] of Object.entries(particular))
    if (values[flag] !== undefined && !names.includes(name))
      throw new BenchError(`--${flag} belongs to ${names.join(' and ')}, not to ${name}.`)
  return {
    name,
    names: name === all ? benchNames : [name],
    sets: chosen('set', values.sets, setNames),
    engines: chosen('engine', values.engines, name === filter ? filteringNames : engineNames),
    peers: chosen('peer', values.peers, name === filter ? filteringNames.filter((engine) => !isQuiver(engine)) : peerNames),
    quick: values.quick ?? false,
    data: values.data === undefined ? join(benchFolder, 'data') : existing(fromCaller(values.data), '--data'),
    out: values.out === undefined ? join(benchFolder, 'out', `${outName(name, values)}.json`) : fromCaller(values.out),
    rebuild: values.rebuild ?? false,
    setup: !(values['no-setup'] ?? false),
    node: values.node === undefined ? undefined : existing(fromCaller(values.node), '--node'),
    ks: counts('k', values.k ?? '1,10,100', neighboursMax),
    presets: values.presets ?? false,
    scale: values.scale ?? false,
    kinds: chosen('kind', values.kinds, kinds),
    shares: chosen('share', values.shares, shares.map(String))?.map(Number),
    rowsMax: counts('max', values.max ?? String(scaleRowsMax), scaleRowsMax)[0],
  }
}

function parsed(parameters) {
  try {
    return parseArgs({ args: [...parameters], allowPositionals: true, options: flags })
  } catch (error) {
    throw new BenchError(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
}

function outName(name, { scale, presets }) {
  return [name, ...(scale ? ['scale'] : []), ...(presets ? ['presets'] : [])].join('-')
}

function listed(list) {
  return [...new Set(list.split(',').map((name) => name.trim()))].filter((name) => name !== '')
}

function chosen(kind, list, names) {
  if (list === undefined) return undefined
  const wanted = listed(list)
  for (const name of wanted) if (!names.includes(name)) throw new BenchError(unknown(kind, name, names))
  if (wanted.length === 0) throw new BenchError(`No ${kind} is named. Known: ${names.join(', ')}.`)
  return wanted
}

function counts(flag, list, most) {
  const numbers = listed(list).map(Number)
  if (numbers.length > 0 && numbers.every((count) => Number.isInteger(count) && count >= 1 && count <= most)) return numbers
  throw new BenchError(`--${flag} takes whole numbers from 1 to ${most}, not "${list}".`)
}

function unknown(kind, name, names) {
  return `There is no ${kind} "${name}". Known: ${names.join(', ')}.`
}

/** npm changes to the package's folder before it runs a script; INIT_CWD is where the person is. */
function fromCaller(path) {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}

function existing(path, flag) {
  if (!existsSync(path)) throw new BenchError(`There is nothing at ${path} (${flag}).`)
  return path
}
