/** Seeded numbers in [0, 1): mulberry32. */
export function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Vectors around a few centres, as embeddings lie. */
export function clusteredVectors(count, dimensions, seed, centres = 50) {
  const random = randomNumbers(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const middles = Array.from({ length: centres }, () => Array.from({ length: dimensions }, normal))
  return Array.from({ length: count }, () => {
    const middle = middles[Math.floor(random() * centres)]
    return middle.map((x) => Math.fround(x + 0.5 * normal()))
  })
}

/** Numbers of the k vectors nearest to a query by cosine, of those that are allowed. */
export function nearestByForce(vectors, query, k, allowed = () => true) {
  const cosine = (a, b) => {
    let [product, aa, bb] = [0, 0, 0]
    for (let i = 0; i < a.length; i++) {
      product += a[i] * b[i]
      aa += a[i] * a[i]
      bb += b[i] * b[i]
    }
    return product / Math.sqrt(aa * bb)
  }
  return vectors
    .map((vector, i) => [cosine(vector, query), i])
    .filter(([, i]) => allowed(i))
    .sort((a, b) => b[0] - a[0])
    .slice(0, k)
    .map(([, i]) => i)
}

/** The share of wanted numbers that were found. */
export function recallOf(found, wanted) {
  const present = new Set(found)
  return wanted.filter((id) => present.has(id)).length / wanted.length
}
