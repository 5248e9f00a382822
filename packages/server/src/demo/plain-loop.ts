/** What one writes without a database: compare with every vector and keep the nearest. Returns positions, nearest first. */
export function nearestByLoop(vectors: readonly Float32Array[], query: Float32Array, limit: number): number[] {
  const nearest: { at: number; distance: number }[] = []
  for (let at = 0; at < vectors.length; at++) {
    const vector = vectors[at]!
    let distance = 0
    for (let i = 0; i < query.length; i++) {
      const difference = vector[i]! - query[i]!
      distance += difference * difference
    }
    if (nearest.length === limit && distance >= nearest[limit - 1]!.distance) continue
    const place = nearest.findIndex((other) => distance < other.distance)
    nearest.splice(place < 0 ? nearest.length : place, 0, { at, distance })
    if (nearest.length > limit) nearest.pop()
  }
  return nearest.map(({ at }) => at)
}
