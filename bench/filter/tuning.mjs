import { speedAtRecall } from '../shared/statistics.mjs'

/** Every engine searches as little as it may while it finds this share. */
export const recallWanted = 0.95
/** Where Quiver without a filter is to be compared, more of its curve is wanted. */
const recallOfCurve = 0.995

/**
 * @typedef {import('../engines/index.mjs').Setting} Setting
 * @typedef {{ setting: Setting, recall: number, qps: number, p50Ms: number, answered: number }} Point
 */

/**
 * For each kind of setting the least effort that finds enough; where none does, or the time is up, the one that found most.
 *
 * @param {readonly Setting[]} settings of each kind from little effort to much @param {(setting: Setting) => Promise<Point>} measure
 * @param {number} limitMs for each kind: when it is over no further setting is tried
 * @returns {Promise<Point[]>} a point for each kind
 */
export async function leastEfforts(settings, measure, limitMs) {
  const chosen = []
  for (const kind of kindsOf(settings)) {
    const end = performance.now() + limitMs
    let best
    for (const setting of kind) {
      const point = await measure(setting)
      if (best === undefined || point.recall > best.recall) best = point
      if (best.recall >= recallWanted || performance.now() > end) break
    }
    chosen.push(best)
  }
  return chosen
}

/** @param {readonly Setting[]} settings @param {(setting: Setting) => Promise<Point>} measure @returns {Promise<Point[]>} */
export async function curve(settings, measure) {
  const points = []
  for (const setting of settings) {
    points.push(await measure(setting))
    if (points[points.length - 1].recall >= recallOfCurve) break
  }
  return points
}

/**
 * @template {{ recall: number, qps: number }} P
 * @param {readonly P[]} points @returns {P} the fastest that finds enough; if none does, the one that finds most
 */
export function bestOf(points) {
  const enough = points.filter(({ recall }) => recall >= recallWanted)
  if (enough.length === 0) return points.reduce((best, point) => (point.recall > best.recall ? point : best))
  return enough.reduce((best, point) => (point.qps > best.qps ? point : best))
}

/**
 * @param {readonly { recall: number, qps: number }[]} points @param {number} recall
 * @returns {number | undefined} queries per second at this recall, or at the highest there is if that is lower
 */
export function speedAt(points, recall) {
  const highest = Math.max(...points.map((point) => point.recall))
  return speedAtRecall(
    points.map((point) => ({ recall: point.recall, speed: point.qps })),
    Math.min(recall, highest),
  )?.speed
}

/** Settings that differ in nothing but how much they search. */
function kindsOf(settings) {
  const kinds = new Map()
  for (const setting of settings) {
    const kind = JSON.stringify({ ...setting, ef: undefined })
    kinds.set(kind, [...(kinds.get(kind) ?? []), setting])
  }
  return kinds.values()
}
