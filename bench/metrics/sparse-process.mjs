// The measures of sparse vectors, one pair and a search of all; asked through `shared/child.mjs`.
import { SparseIndex, SparseVector } from 'quiverdb'
import { Random } from '../sets/random.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { leastSeconds } from '../shared/meters.mjs'

/** @type {{ rows: number, k: number, dimensions: number, values: number }} */
const { rows, k, dimensions, values } = childParameters()
const seed = 23
const pairs = 64
const random = new Random(seed)

const index = new SparseIndex(dimensions)
const vectors = Array.from({ length: rows }, sparseVector)
for (const vector of vectors) index.add(vector)
const query = sparseVector()
const dense = query.toDense()

/** Of two vectors; `dotDense` is of a sparse and a dense one. */
const pairMeasures = {
  dot: (vector) => vector.dot(query),
  dotDense: (vector) => vector.dotDense(dense),
  cosine: (vector) => vector.cosineSimilarity(query),
  euclidean: (vector) => vector.euclideanDistance(query),
  manhattan: (vector) => vector.manhattanDistance(query),
  jaccard: (vector) => vector.jaccardIndex(query),
  weightedJaccard: (vector) => vector.weightedJaccard(query),
  overlap: (vector) => vector.overlapCoefficient(query),
  angular: (vector) => vector.angularDistance(query),
  chebyshev: (vector) => vector.chebyshevDistance(query),
}

answerRequests({
  names: () => Object.keys(pairMeasures),

  /** Seconds of a search, where the index has the metric, and of one pair. @param {{ name: string }} options */
  measure({ name }) {
    const distance = pairMeasures[name]
    const overPairs = () => {
      for (let i = 0; i < pairs; i++) distance(vectors[i])
    }
    const searchS = name === 'dotDense' ? undefined : leastSeconds(() => index.search(query, k, { metric: name }))
    return { searchS, pairS: leastSeconds(overPairs) / pairs }
  },
})

/** Low positions are the more frequent, as words are. */
function sparseVector() {
  const entries = new Map()
  while (entries.size < values) entries.set(Math.floor(dimensions * random.next() ** 2), random.next())
  const positions = [...entries.keys()].sort((a, b) => a - b)
  return SparseVector.fromParts(
    dimensions,
    positions,
    positions.map((position) => entries.get(position)),
  )
}
