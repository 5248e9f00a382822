import { hnswlibNode, hnswlibNodeNative } from './hnswlib-node.mjs'
import { hnswIndex } from './hnsw-index.mjs'
import { lancedb, lancedbAttributes } from './lancedb.mjs'
import { quiver, quiverAttributes, quiverModes, quiverPresets, quiverUnsettled } from './quiver.mjs'
import { sqliteVec } from './sqlite-vec.mjs'
import { usearch } from './usearch.mjs'
import { zvec, zvecInt8, zvecInt8Attributes } from './zvec.mjs'

/**
 * @typedef {import('../sets/sets.mjs').SetInfo} SetInfo
 * @typedef {import('../sets/vectors.mjs').Vectors} Vectors
 * @typedef {import('../filter/cells.mjs').Condition} Condition
 * @typedef {{ k: number, ef?: number } & Record<string, number | boolean | undefined>} Setting what one point of a sweep searches with
 *
 * @typedef {object} Built
 * @property {number} buildS seconds until the engine had accepted every vector
 * @property {number} settledS seconds until nothing was left to do: the index complete and on disk
 * @property {readonly number[]} [graphs] their sizes in nodes, where the engine tells
 * @property {number} [unindexed] rows that no graph holds, where the engine tells
 * @property {number} [uncollectedBytes] on disk before what was superseded while building is collected, where an engine keeps it
 * @property {Served} [inMemory] an index that is nowhere but in memory
 *
 * @typedef {object} Served an opened index
 * @property {(queries: Vectors, conditions?: readonly Condition[]) => void} prepare converts the queries, and the filter of each, to what
 *   the engine takes
 * @property {(setting: Setting) => void | Promise<void>} configure for the searches that follow
 * @property {(query: number) => unknown} search the answer, or a promise of it: ids and distances
 * @property {(answer: unknown) => ArrayLike<number>} rows the row numbers of an answer, nearest first; not timed
 * @property {() => Promise<number>} [indexBytes] what the index takes by the engine's own account
 * @property {() => Promise<number>} [audit] what the engine finds wrong: unreachable nodes, damage
 * @property {() => void | Promise<void>} close
 *
 * @typedef {object} Engine
 * @property {string} name as on the command line
 * @property {string} package
 * @property {string} variant
 * @property {string} [indexOf] the engine whose index this one opens
 * @property {() => string} version
 * @property {() => string} [stamp] changes whenever a kept index is out of date; default: the version
 * @property {() => Promise<unknown>} load imports the library, so that opening is timed without it
 * @property {(info: SetInfo, base: Vectors, folder: string) => Promise<Built>} build from nothing to a closed index in the folder
 * @property {(info: SetInfo, folder: string, setting: Setting) => Promise<Served>} open ready to search with this setting
 * @property {(efs: readonly number[], k: number) => Setting[]} settings
 */

/** @type {readonly Engine[]} */
const peers = [hnswlibNode, hnswlibNodeNative, usearch, zvec, zvecInt8, lancedb]
/** @type {readonly Engine[]} */
const engines = [quiver, ...quiverModes, ...quiverPresets, quiverUnsettled, hnswIndex, ...peers]
export const engineNames = engines.map((engine) => engine.name)
export const peerNames = peers.map((engine) => engine.name)

/** Engines over rows with attributes, by the names that they have on the command line. @type {ReadonlyMap<string, Engine>} */
const filtering = new Map([
  [quiver.name, quiverAttributes],
  [zvecInt8.name, zvecInt8Attributes],
  [lancedb.name, lancedbAttributes],
  [sqliteVec.name, sqliteVec],
  [hnswlibNode.name, hnswlibNode],
])
export const filteringNames = [...filtering.keys()]

/** @param {string} name @returns {Engine} one that takes filters */
export function filteringEngine(name) {
  const engine = filtering.get(name)
  if (!engine) throw new Error(`${name} is not measured with filters`)
  return engine
}

/** @param {string} name @returns {Engine} */
export function engineNamed(name) {
  const engine = [...engines, ...filtering.values()].find((candidate) => candidate.name === name)
  if (!engine) throw new Error(`no engine is named ${name}`)
  return engine
}

/** @param {string} name @returns {boolean} whether it is a form of Quiver */
export const isQuiver = (name) => name.startsWith(quiver.name)

/** @param {string} name @returns {boolean} whether it is measured once more under another Node.js: Quiver, and the fastest peer to build */
export const runsUnderOthers = (name) => isQuiver(name) || name === zvecInt8.name

/**
 * @param {import('../shared/arguments.mjs').BenchOptions} options @param {readonly string[]} names without a choice, these
 * @returns {readonly string[]} the engines asked for: `--engines` names all, `--peers` those beside Quiver's own
 */
export function chosenEngines({ engines, peers }, names) {
  return engines ?? (peers ? [...names.filter(isQuiver), ...peers] : names)
}
