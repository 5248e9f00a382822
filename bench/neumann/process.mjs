// What Neumann's tables ask for, measured with Quiver; asked through `shared/child.mjs`.
import { FlatVectors, measures, MemoryPool, searchFlat } from 'quiverdb'
import { HNSWConfig, VectorEngine } from 'quiverdb/vector-engine'
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
const configs = { high_speed: HNSWConfig.highSpeed, default: HNSWConfig.default, high_recall: HNSWConfig.highRecall }
const seed = 11
const rounds = 3
/** Vectors of a comparison by dimension: as many as stay in the cache, so that arithmetic is compared and not memory. */
const cachedBytes = 1024 ** 2

const queries = new LatentSource(recipes.scale, queryStream).next(queryCount)

answerRequests({
  /** @param {{ rows: number, preset: string }} parameters */
  async preset({ rows, preset }) {
    const { engine, base } = await filled(rows)
    const [index, keys] = engine.buildHnswIndex(configs[preset]())
    const search = () => Array.from({ length: queries.rows }, (_, i) => engine.searchWithHnsw(index, keys, queries.row(i), k))
    search()
    const judge = new RecallJudge({ base, queries, metric: 'cosine', truth: exactNeighbours(base, queries, 'cosine', k) })
    const seconds = []
    let answers = []
    for (let round = 0; round < rounds; round++) {
      const elapsed = stopwatch()
      answers = search()
      seconds.push(elapsed() / queries.rows)
    }
    const found = answers.map((hits) => hits.map(({ key }) => Number(key)))
    const bytesPerNode = (index.memoryStats().memoryBytes - base.values.byteLength) / rows
    index.free()
    engine.close()
    return { bytesPerNode, recall: judge.recall(found, k), searchS: Math.min(...seconds) }
  },

  /** @param {{ rows: number }} parameters */
  async size({ rows }) {
    const { engine, base } = await filled(rows)
    const [index, keys] = engine.buildHnswIndex()
    const list = base.list()
    const plain = { distance: plainMeasures.cosine, higherIsBetter: true, k }
    let turn = 0
    const next = () => queries.row(turn++ % queries.rows)
    const result = {
      plainS: leastSeconds(() => plainSearch(list, next(), plain)),
      bruteForceS: leastSeconds(() => engine.searchSimilar(next(), k)),
      hnswS: leastSeconds(() => engine.searchWithHnsw(index, keys, next(), k)),
    }
    index.free()
    engine.close()
    return result
  },

  /** @param {{ dimensions: number }} parameters */
  async simd({ dimensions }) {
    const pool = await MemoryPool.create()
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
    pool.close()
    return { plainS: plainS / rows, kernelS: kernelS / rows }
  },
})

/** An engine whose keys are the numbers of the rows. */
async function filled(rows) {
  const base = new LatentSource(recipes.scale, baseStream).next(rows)
  const engine = await VectorEngine.create()
  engine.batchStoreEmbeddings(base.list().map((vector, row) => ({ key: String(row), vector })))
  return { engine, base }
}
