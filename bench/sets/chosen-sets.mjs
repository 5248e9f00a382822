import { progress } from '../shared/output.mjs'
import { isThere, setInfo } from './sets.mjs'

/**
 * @param {import('../shared/arguments.mjs').BenchOptions} options @param {readonly string[]} names without a choice, these
 * @param {Partial<import('./sets.mjs').SetInfo>} [changes] fewer rows or queries
 * @returns {import('./sets.mjs').SetInfo[]} the sets asked for; without a choice, those that are there
 */
export function chosenSets(options, names, changes) {
  if (options.sets) return options.sets.map((name) => setInfo(name, options, changes))
  const infos = names.map((name) => setInfo(name, options, changes))
  for (const info of infos)
    if (!isThere(info)) progress(`Leaving out ${info.name}: it is not in ${options.data} (see bench/README.md)`)
  return infos.filter(isThere)
}
