import { FlatVectors, measures, MemoryPool, ScanThreads, searchFlat } from 'quiverdb/browser'
import { clusteredVectors } from './vectors.js'

/** A worker of a page's own, which may wait for others: it shares an exact scan with two lanes. */
async function scan() {
  const dimensions = 20
  const pool = await MemoryPool.create({ shared: true })
  const vectors = new FlatVectors(pool, dimensions)
  for (const vector of clusteredVectors(20_000, dimensions, 3)) vectors.append(Float32Array.from(vector))
  const threads = await ScanThreads.start(pool, { threads: 3 })
  const options = { measure: measures.cosine, k: 20 }
  const queries = clusteredVectors(20, dimensions, 4).map((vector) => Float32Array.from(vector))
  const same = queries.every((query) => {
    const [shared, alone] = [threads.scan(vectors, query, options), searchFlat(vectors, [query], options)[0]]
    return `${shared.rows} ${shared.distances}` === `${alone.rows} ${alone.distances}`
  })
  postMessage({ lanes: threads.lanes, same })
}

// In the page itself, which is loaded too, there is nothing to do.
if (typeof document === 'undefined') void scan()
