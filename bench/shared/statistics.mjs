/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  return percentile(values, 0.5)
}

/** @param {readonly number[]} values @param {number} fraction 0 to 1 @returns {number} interpolated between the nearest ranks */
export function percentile(values, fraction) {
  const sorted = Float64Array.from(values).sort()
  const place = fraction * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.ceil(place)
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
}

/** @typedef {{ recall: number, speed: number }} Point */

/** The points that no other beats in both recall and speed. @param {readonly Point[]} points @returns {Point[]} by rising recall */
export function paretoFront(points) {
  const front = []
  let fastest = 0
  for (const point of [...points].sort((a, b) => b.recall - a.recall || b.speed - a.speed)) {
    if (point.speed <= fastest) continue
    fastest = point.speed
    front.unshift(point)
  }
  return front
}

/**
 * The speed at exactly this recall: between two neighbours on the front the logarithm of the speed is taken as linear in the recall.
 *
 * @param {readonly Point[]} points @param {number} recall
 * @returns {{ speed: number, atLeast: boolean } | undefined} `atLeast` when even the fastest setting is above that recall, so that the
 *   speed there is a lower bound; undefined when the recall was not reached
 */
export function speedAtRecall(points, recall) {
  const front = paretoFront(points)
  const above = front.findIndex((point) => point.recall >= recall)
  if (above < 0) return undefined
  if (above === 0) return { speed: front[0].speed, atLeast: front[0].recall > recall }
  const [low, high] = [front[above - 1], front[above]]
  const share = (recall - low.recall) / (high.recall - low.recall)
  return { speed: Math.exp(Math.log(low.speed) * (1 - share) + Math.log(high.speed) * share), atLeast: false }
}
