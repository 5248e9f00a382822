import { progress } from './output.mjs'
import { isThere, setInfo, setNames } from './sets.mjs'

/**
 * @param {import('./arguments.mjs').BenchOptions} options
 * @returns {import('./sets.mjs').SetInfo[]} the sets asked for; without a choice, all that are there
 */
export function chosenSets(options) {
  if (options.sets) return options.sets.map((name) => setInfo(name, options))
  const infos = setNames.map((name) => setInfo(name, options))
  for (const info of infos)
    if (!isThere(info)) progress(`Leaving out ${info.name}: it is not in ${options.data} (see bench/README.md)`)
  return infos.filter(isThere)
}
