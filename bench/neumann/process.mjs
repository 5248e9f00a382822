// What Neumann's tables ask for, measured with Quiver; asked through `shared/child.mjs`.
import { FlatVectors, measures, MemoryPool, HnswIndex, searchFlat } from 'quiverdb'
import { baseStream, LatentSource, queryStream } from '../sets/latent-set.mjs'
import { Random } from '../sets/random.mjs'
import { RecallJudge } from '../sets/recall.mjs'
import { recipes } from '../sets/recipes.mjs'
import { exactNeighbours } from '../sets/truth.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { leastSeconds, stopwatch } from '../shared/meters.mjs'
import { plainMeasures, plainSearch } from '../shared/plain-loops.mjs'
import { Vectors } from '../sets/vectors.mjs'

/** @type {{ queries: number, k: number }} */
const { queries: queryCount, k } = childParameters()
const metric = 'cosine'
const { dimensions } = recipes.scale
const seed = 11
const rounds = 3
/** Vectors of a comparison by dimension: as many as stay in the cache, so that arithmetic is compared and not memory. */
const cachedBytes = 1024 ** 2

const pool = await MemoryPool.create()
const queries = new LatentSource(recipes.scale, queryStream).next(queryCount)

answerRequests({
  /** @param {{ rows: number, options: object }} parameters */
  preset({ rows, options }) {
    const base = new LatentSource(recipes.scale, baseStream).next(rows)
    const index = new HnswIndex(pool, { dimensions, metric, ...options })
    index.add(base.values)
    search(index)
    const indexBytes = index.memoryBytes - base.values.byteLength
    const judge = new RecallJudge({ base, queries, metric, truth: exactNeighbours(base, queries, metric, k) })
    const seconds = []
    let answers = []
    for (let round = 0; round < rounds; round++) {
      const elapsed = stopwatch()
      answers = search(index)
      seconds.push(elapsed() / queries.rows)
    }
    index.free()
    return { bytesPerNode: indexBytes / rows, recall: judge.recall(answers, k), searchS: Math.min(...seconds) }
  },

  /** @param {{ rows: number }} parameters */
  size({ rows }) {
    const base = new LatentSource(recipes.scale, baseStream).next(rows)
    const vectors = new FlatVectors(pool, dimensions)
    vectors.append(base.values)
    const index = new HnswIndex(pool, { dimensions, metric })
    index.add(base.values)
    const list = base.list()
    const plain = { distance: plainMeasures.cosine, higherIsBetter: true, k }
    let turn = 0
    const next = () => queries.row(turn++ % queries.rows)
    const result = {
      plainS: leastSeconds(() => plainSearch(list, next(), plain)),
      bruteForceS: leastSeconds(() => searchFlat(vectors, next(), { measure: measures.cosine, k })),
      hnswS: leastSeconds(() => index.search(next(), k)),
    }
    vectors.free()
    index.free()
    return result
  },

  /** @param {{ dimensions: number }} parameters */
  simd({ dimensions }) {
    const random = new Random(seed, dimensions)
    const rows = Math.floor(cachedBytes / (4 * dimensions))
    const base = new Vectors(
      Float32Array.from({ length: rows * dimensions }, () => random.normal()),
      dimensions,
    )
    const query = Float32Array.from({ length: dimensions }, () => random.normal())
    const vectors = new FlatVectors(pool, dimensions)
    vectors.append(base.values)
    const list = base.list()
    const plain = { distance: plainMeasures.cosine, higherIsBetter: true, k }
    const plainS = leastSeconds(() => plainSearch(list, query, plain))
    const kernelS = leastSeconds(() => searchFlat(vectors, query, { measure: measures.cosine, k }))
    vectors.free()
    return { plainS: plainS / rows, kernelS: kernelS / rows }
  },
})

function search(index) {
  return Array.from({ length: queries.rows }, (_, query) => index.search(queries.row(query), k).ids)
}
