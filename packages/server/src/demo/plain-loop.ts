/** What one writes without a database: compare with every vector and keep the nearest. Returns positions, nearest first. */
export function nearestByLoop(vectors: readonly Float32Array[], query: Float32Array, limit: number): number[] {
  const nearest: { at: number; distance: number }[] = []
  for (let at = 0; at < vectors.length; at++) {
    const distance = squaredDistance(vectors[at]!, query)
    if (nearest.length === limit && distance >= nearest[limit - 1]!.distance) continue
    const place = nearest.findIndex((other) => distance < other.distance)
    nearest.splice(place < 0 ? nearest.length : place, 0, { at, distance })
    if (nearest.length > limit) nearest.pop()
  }
  return nearest.map(({ at }) => at)
}

/** A function of its own, so that the sum stays in a register: in the loop above it would be captured by the closure, and ten times as slow. */
function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!
    sum += difference * difference
  }
  return sum
}
