// One collection that grows, asked through `shared/child.mjs`. The vectors are made batch by batch and kept nowhere else.
import { openCollection, servedCollection, upsertRows } from '../engines/quiver-collection.mjs'
import { baseStream, LatentSource, queryStream } from '../sets/latent-set.mjs'
import { recipes } from '../sets/recipes.mjs'
import { exactNeighbours } from '../sets/truth.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { residentBytes, stopwatch } from '../shared/meters.mjs'
import { median } from '../shared/statistics.mjs'

/** @type {{ folder: string, index: object, queries: number, k: number }} */
const parameters = childParameters()
const recipe = recipes.scale
const metric = 'cosine'
const rowsPerBatch = 10_000
const memoryBytesMax = 16 * 1024 ** 3
const warmUpQueries = 100
/** Rows up to which the answers of our exact search are compared with those of a scan in JavaScript. */
const comparedRowsMax = 10_000

const startBytes = residentBytes()
const { db, collection } = await openCollection(
  parameters.folder,
  { dimensions: recipe.dimensions, metric },
  { index: parameters.index, database: { memoryBytesMax } },
)
const served = servedCollection(db, collection)
const source = new LatentSource(recipe, baseStream)
const queries = new LatentSource(recipe, queryStream).next(parameters.queries)
served.prepare(queries)
let size = 0
/** Of each query, the distance that an answer must not exceed. */
let worst = new Float64Array(0)

answerRequests({
  /** @param {{ rows: number }} options grows to so many rows and settles */
  async grow({ rows }) {
    const elapsed = stopwatch()
    while (size < rows) {
      const first = size
      const batch = source.next(Math.min(rowsPerBatch, rows - first))
      await upsertRows(collection, batch, 0, batch.rows, { idOf: (row) => first + row })
      size += batch.rows
    }
    await db.settled()
    const [{ graphs, unindexed }] = await collection.indexes()
    return { settledS: elapsed(), graphs: graphs.length, unindexed }
  },

  /** The exact answers, by our own exact search. */
  async findTruth() {
    const elapsed = stopwatch()
    const answers = []
    for (let query = 0; query < queries.rows; query++) {
      const { hits } = await collection.search({ vector: queries.row(query), limit: parameters.k, exact: true, fields: [] })
      answers.push(hits)
    }
    if (size <= comparedRowsMax) compare(answers)
    worst = Float64Array.from(answers, (hits) => hits[hits.length - 1].distance)
    return { exactMs: (1000 * elapsed()) / queries.rows }
  },

  /** @param {{ ef: number }} options */
  async measure({ ef }) {
    await served.configure({ k: parameters.k, ef })
    for (let query = 0; query < Math.min(warmUpQueries, queries.rows); query++) await served.search(query)
    const answers = []
    const latencies = []
    const elapsed = stopwatch()
    for (let query = 0; query < queries.rows; query++) {
      const searching = stopwatch()
      answers.push(await served.search(query))
      latencies.push(searching())
    }
    const qps = queries.rows / elapsed()
    const found = answers.reduce(
      (sum, { hits }, query) => sum + hits.filter(({ distance }) => distance <= worst[query]).length,
      0,
    )
    return { ef, recall: found / (queries.rows * parameters.k), qps, p50Ms: 1000 * median(latencies) }
  },

  memory: async () => ({ memoryBytes: residentBytes() - startBytes, indexBytes: await served.indexBytes?.() }),
  close: () => db.close(),
})

/** @throws {Error} when the exact search is not exact */
function compare(answers) {
  const base = new LatentSource(recipe, baseStream).next(size)
  const truth = exactNeighbours(base, queries, metric, parameters.k)
  for (const [query, hits] of answers.entries()) {
    const expected = truth.rows.subarray(query * parameters.k, (query + 1) * parameters.k)
    if (hits.some(({ id }) => !expected.includes(Number(id))))
      throw new Error(`the exact search missed a neighbour of query ${query}`)
  }
}
