// One measure over one set of vectors, asked through `shared/child.mjs`: in a process of its own, so that the loop stays specialised to it.
import { composite, FlatVectors, measures, MemoryPool, searchFlat } from 'quiverdb'
import { baseStream, LatentSource, queryStream } from '../sets/latent-set.mjs'
import { recipes } from '../sets/recipes.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { leastSeconds } from '../shared/meters.mjs'
import { plainMeasures, plainSearch } from '../shared/plain-loops.mjs'

/** @type {{ name: import('quiverdb').MeasureName, rows: number, k: number }} */
const { name, rows, k } = childParameters()
const relativeTolerance = 1e-6
/** Pairs whose distances are timed: few enough to stay in the cache. */
const pairs = 64

const base = withoutNegatives(new LatentSource(recipes.scale, baseStream).next(rows))
const query = withoutNegatives(new LatentSource(recipes.scale, queryStream).next(1)).row(0)
const vectors = new FlatVectors(await MemoryPool.create(), base.dimensions)
vectors.append(base.values)
const list = base.list()
const measure = { ...measures, composite: composite() }[name]

answerRequests({
  /** Seconds of a search, and of one distance between two vectors in the cache. */
  measure() {
    const { higherIsBetter } = measure
    const plain = { distance: plainMeasures[name], higherIsBetter, k }
    compare(searchFlat(vectors, query, { measure, k }), plainSearch(list, query, plain), higherIsBetter)
    const overPairs = (distance) => () => {
      for (let row = 0; row < pairs; row++) distance(list[row], query)
    }
    return {
      searchS: leastSeconds(() => searchFlat(vectors, query, { measure, k })),
      plainSearchS: leastSeconds(() => plainSearch(list, query, plain)),
      rawS: leastSeconds(overPairs(measure.raw)) / pairs,
      plainRawS: leastSeconds(overPairs(plain.distance)) / pairs,
    }
  },
})

/** Half of the numbers become zero: then there is something to count for the measures of sets. */
function withoutNegatives(vectors) {
  for (let i = 0; i < vectors.values.length; i++) vectors.values[i] = Math.max(0, vectors.values[i])
  return vectors
}

/** @throws {Error} when a loop and the kernel do not mean the same */
function compare({ distances }, nearest, higherIsBetter) {
  const sign = higherIsBetter ? -1 : 1
  for (const [i, expected] of nearest.distances.entries()) {
    const found = sign * distances[i]
    if (Math.abs(found - expected) > relativeTolerance * (1 + Math.abs(expected))) {
      throw new Error(`place ${i}: the kernel says ${found}, the loop ${expected}`)
    }
  }
}
