import { hnswlibNode, hnswlibNodeNative } from './hnswlib-node.mjs'
import { lancedb } from './lancedb.mjs'
import { quiver, quiverUnsettled } from './quiver.mjs'
import { usearch } from './usearch.mjs'
import { zvec, zvecInt8 } from './zvec.mjs'

/** Links of a node and candidates kept while building: the same for every engine. */
export { efConstruction, m } from './settings.mjs'

/**
 * @typedef {import('../shared/sets.mjs').SetInfo} SetInfo
 * @typedef {import('../shared/sets.mjs').Vectors} Vectors
 * @typedef {{ ef: number } & Record<string, number | boolean>} Setting what one point of a sweep searches with
 *
 * @typedef {object} Built
 * @property {number} buildS seconds until the engine had accepted every vector
 * @property {number} settledS seconds until nothing was left to do: the index complete and on disk
 * @property {readonly number[]} [graphs] their sizes in nodes, where the engine tells
 * @property {number} [unindexed] rows that no graph holds, where the engine tells
 * @property {number} [uncollectedBytes] on disk before what was superseded while building is collected, where an engine keeps it
 *
 * @typedef {object} Served an opened index
 * @property {(queries: Vectors) => void} prepare converts the queries to the type that the engine takes
 * @property {(setting: Setting) => void | Promise<void>} configure for the searches that follow
 * @property {(query: number) => unknown} search the answer, or a promise of it
 * @property {(answer: unknown) => ArrayLike<number>} rows the row numbers of an answer, nearest first; not timed
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
 * @property {(efs: readonly number[]) => Setting[]} settings
 */

/** @type {readonly Engine[]} */
export const engines = [quiver, quiverUnsettled, hnswlibNode, hnswlibNodeNative, usearch, zvec, zvecInt8, lancedb]
export const engineNames = engines.map((engine) => engine.name)

/** @param {string} name @returns {Engine} */
export function engineNamed(name) {
  const engine = engines.find((candidate) => candidate.name === name)
  if (!engine) throw new Error(`no engine is named ${name}`)
  return engine
}
