import { clusteredVectors } from '@quiverdb/testing'
import { expect, test } from 'vitest'
import { HnswBuilder } from '../hnsw-builder.js'
import { MemoryPool } from '../memory-pool.js'
import { Lanes } from './lanes.js'
import { insertOnLanes } from './threaded-insertion.js'

const dimensions = 8
const count = 1200
const rounds = 200

// The runtime's own race is lost by a thread in about 1 of 50 rounds here, so this many show it nearly always.
test('threads see all of a memory that grows while they receive it', async () => {
  const vectors = clusteredVectors(count, dimensions, 1)
  for (let round = 0; round < rounds; round++) {
    const pool = await MemoryPool.create({ shared: true })
    const lanes = await Lanes.start(pool, 3)
    const begin = () => {
      const builder = HnswBuilder.create(pool, { dimensions, metric: 'l2', capacity: count })
      builder.append(vectors)
      return builder
    }
    const first = insertOnLanes(lanes, begin())
    for (let i = 0; i < 60; i++) {
      pool.allocate(3 * 1024 ** 2)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await first
    const builder = begin() // behind all that the memory has grown by
    await insertOnLanes(lanes, builder)
    expect(builder.finish().header.nodes).toBe(count)
    await lanes.close()
    pool.close()
  }
})
