import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { withRowsAndBlocks } from '../testing/build-graph.js'
import { seedsOf } from './among-allowed.js'
import { MemoryPool } from './memory-pool.js'
import { metrics } from './metric.js'
import { copyUpper } from './upper-copy.js'

const dimensions = 24
const count = 5000
const vectors = clusteredVectors(count, dimensions, 5)
const queries = Array.from({ length: 40 }, (_, i) => vectorAt(clusteredVectors(40, dimensions, 6), dimensions, i))

describe('a copy of the upper levels', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  test.each(metrics)('changes no answer, with a filter or without: %s', (metric) => {
    withRowsAndBlocks(pool, vectors, { dimensions, metric, m: 8, m0: 32 }, (_, blocks) => {
      const allowed = new Uint32Array(Math.ceil(count / 32)).fill(0x11111111)
      const filter = { allowed, allowedCount: count / 4, seeds: seedsOf(allowed, count / 4) }
      const answers = () =>
        queries.flatMap((query) => [
          ...[1, 10, 60].map((ef) => blocks.search(query, { ef })),
          blocks.search(query, { ef: 20, least: 10, ...filter }),
        ])
      const expected = answers()
      const [used, bytes] = [pool.bytesUsed, blocks.memory.bytes]
      const copy = copyUpper(blocks.memory)
      expect(copy).toBeDefined()
      blocks.memory.upper = copy
      expect(blocks.memory.bytes).toBe(bytes + copy!.bytes)
      expect(answers()).toEqual(expected)
      blocks.memory.upper = undefined
      expect([pool.bytesUsed, blocks.memory.bytes]).toEqual([used, bytes])
      expect(answers()).toEqual(expected)
    })
  })

  test('is not made where there is next to nothing, or no room', () => {
    withRowsAndBlocks(pool, vectors.slice(0, 20 * dimensions), { dimensions, m: 16, m0: 32 }, (_, blocks) => {
      expect(copyUpper(blocks.memory)).toBeUndefined()
    })
    withRowsAndBlocks(pool, vectors, { dimensions, m: 8, m0: 32 }, (_, blocks) => {
      const rest = pool.allocate(pool.memoryBytesMax - pool.bytesUsed)
      expect(copyUpper(blocks.memory)).toBeUndefined()
      rest.free()
    })
  })
})
