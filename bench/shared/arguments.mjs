import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { engineNames } from '../engines/index.mjs'
import { BenchError } from './errors.mjs'
import { benchFolder } from './folders.mjs'
import { setNames } from './sets.mjs'

export const benchNames = ['search', 'ingest', 'open']

export const usage = `npm run bench -- <name> [options]

  name            ${benchNames.join(', ')}
  --set a,b       of ${setNames.join(', ')}; default: all that are there
  --engines a,b   of ${engineNames.join(', ')}
  --quick         the first 10,000 rows, 200 queries, one round, fewer settings
  --data DIR      where the downloaded sets are, a folder each; default: bench/data
  --out FILE      the rows as JSON; default: bench/out/<name>.json
  --rebuild       build the indexes again that are kept in bench/.cache
  --no-setup      use what is installed and built`

/**
 * @typedef {object} BenchOptions
 * @property {string} name
 * @property {readonly string[] | undefined} sets undefined: not chosen
 * @property {readonly string[] | undefined} engines undefined: not chosen
 * @property {boolean} quick
 * @property {string} data
 * @property {string} out
 * @property {boolean} rebuild
 * @property {boolean} setup
 */

/** @param {readonly string[]} parameters @returns {BenchOptions} @throws {BenchError} that says what would be right */
export function benchOptions(parameters) {
  const { values, positionals } = parsed(parameters)
  const [name, ...others] = positionals
  if (name === undefined) throw new BenchError(usage)
  if (others.length > 0) throw new BenchError(`One bench at a time: ${name}, then ${others.join(', ')}.`)
  if (!benchNames.includes(name)) throw new BenchError(unknown('bench', name, benchNames))
  return {
    name,
    sets: chosen('set', values.set, setNames),
    engines: chosen('engine', values.engines, engineNames),
    quick: values.quick ?? false,
    data: values.data === undefined ? join(benchFolder, 'data') : existing(fromCaller(values.data)),
    out: values.out === undefined ? join(benchFolder, 'out', `${name}.json`) : fromCaller(values.out),
    rebuild: values.rebuild ?? false,
    setup: !(values['no-setup'] ?? false),
  }
}

function parsed(parameters) {
  try {
    return parseArgs({
      args: [...parameters],
      allowPositionals: true,
      options: {
        set: { type: 'string' },
        engines: { type: 'string' },
        quick: { type: 'boolean' },
        data: { type: 'string' },
        out: { type: 'string' },
        rebuild: { type: 'boolean' },
        'no-setup': { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new BenchError(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
}

function chosen(kind, list, names) {
  if (list === undefined) return undefined
  const wanted = [...new Set(list.split(',').map((name) => name.trim()))].filter((name) => name !== '')
  for (const name of wanted) if (!names.includes(name)) throw new BenchError(unknown(kind, name, names))
  if (wanted.length === 0) throw new BenchError(`No ${kind} is named. Known: ${names.join(', ')}.`)
  return wanted
}

function unknown(kind, name, names) {
  return `There is no ${kind} "${name}". Known: ${names.join(', ')}.`
}

/** npm changes to the package's folder before it runs a script; INIT_CWD is where the person is. */
function fromCaller(path) {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path)
}

function existing(folder) {
  if (!existsSync(folder)) throw new BenchError(`There is no folder ${folder} (--data).`)
  return folder
}
