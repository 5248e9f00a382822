import { number, table } from './table.mjs'

/**
 * @typedef {object} Target what a measured number has to reach
 * @property {string} what
 * @property {string} of the set, the engine, or both
 * @property {number | undefined} measured undefined: it could not be measured
 * @property {number} wanted
 * @property {boolean} [atMost] a cost: no more than `wanted`. Default: no less
 */

/** @param {Target} target @returns {boolean} */
export function isMet({ measured, wanted, atMost }) {
  if (measured === undefined || !Number.isFinite(measured)) return false
  return atMost ? measured <= wanted : measured >= wanted
}

/** @param {readonly Target[]} targets @returns {string} a line per target, and whether it is met */
export function verdictTable(targets) {
  const lines = targets.map((target) => {
    const wanted = `${target.atMost ? '<=' : '>='} ${number(target.wanted, 2)}`
    const verdict = target.measured === undefined ? 'not measured' : isMet(target) ? 'met' : 'MISSED'
    return [target.what, target.of, wanted, number(target.measured, 3), verdict]
  })
  return table(['target', 'of', 'wanted', 'measured', ''], lines)
}
