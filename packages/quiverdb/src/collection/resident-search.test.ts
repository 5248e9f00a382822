import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusteredVectors, referenceNearest, vectorAt } from '@quiverdb/testing'
import { expect, test } from 'vitest'
import { type Metric, open } from '../index.js'

const dimensions = 32
const count = 1500
const metrics: Metric[] = ['cosine', 'dot', 'l2']

test('answers stay what they are when the vectors of several segments have come into memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quiver-resident-'))
  const db = await open(folder, { maintenance: 'manual', tuning: { graphRowsMin: 100 } })
  try {
    const vectors = clusteredVectors(count, dimensions, 3)
    const indexes = metrics.map((metric) => ({ name: metric, field: 'embedding', dimensions, metric, mode: 'speed' as const }))
    const collection = await db.collection('all', { indexes })
    // A graph over three segments of different sizes.
    let row = 0
    for (const rows of [1000, 400, 100]) {
      const records = Array.from({ length: rows }, () => ({ id: `r${row}`, embedding: vectorAt(vectors, dimensions, row++) }))
      await collection.upsert(records)
      await db.maintain({ only: ['flush'] })
    }
    await db.maintain({ only: ['build'] })
    const queries = Array.from({ length: 20 }, (_, i) => vectorAt(clusteredVectors(20, dimensions, 4), dimensions, i))
    const ask = (metric: Metric) =>
      Promise.all(queries.map((vector) => collection.search({ index: metric, vector, limit: 10, ef: 400 })))
    const { collections } = await db.stats()
    expect(collections[0]!.segments).toBeGreaterThan(1)
    for (const metric of metrics) {
      const { memoryBytes } = await db.stats()
      const first = await ask(metric)
      for (let i = 0; i < 10; i++) expect(await ask(metric)).toEqual(first)
      // The graph, and with the first metric the vectors of all segments.
      const vectorsBytes = metric === metrics[0] ? 4 * dimensions * count : 0
      expect((await db.stats()).memoryBytes - memoryBytes).toBeGreaterThan(vectorsBytes)
      first.forEach(({ hits }, i) => {
        const expected = referenceNearest(metric, queries[i]!, vectors, 10)
        expect(hits.map(({ id }) => id)).toEqual(expected.map(({ row }) => `r${row}`))
      })
    }
  } finally {
    await db.close()
    await rm(folder, { recursive: true, force: true })
  }
})
