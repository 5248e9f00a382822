import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { describe, expect, test } from 'vitest'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'

const dimensions = 8
const pageBytes = 4096

/** What one can see of an index. */
function stateOf(index: HnswIndex): unknown {
  const ids = [...index.ids()]
  return { size: index.size, vectors: ids.map((id) => [id, [...index.get(id)!]]) }
}

describe('HnswIndex in a bounded pool', () => {
  const vectors = clusteredVectors(4000, dimensions, 1)
  const part = (from: number, to: number) => vectors.slice(from * dimensions, to * dimensions)

  const operations: Record<string, (index: HnswIndex) => void> = {
    'the first vectors': (index) => index.add(part(0, 50)),
    'many vectors': (index) => index.add(part(0, 1500)),
    'one more than there is room for': (index) => index.add(part(0, 1)),
    'a replacement': (index) => index.replace(3, vectorAt(vectors, dimensions, 9)),
    'a deletion': (index) => index.delete(5),
    'vectors from afar': (index) => index.add(part(0, 700).map((x) => 100 + 3 * x)),
  }

  for (const [name, operate] of Object.entries(operations)) {
    const beginnings = [
      ['l2', 0],
      ['l2', 600],
      ['dot', 600],
    ] as const
    test.each(beginnings.filter(([, rows]) => rows || name.endsWith('vectors')))(
      `${name}: all or nothing, wherever memory ends (%s, after %i)`,
      async (metric, rows) => {
        // The bound is that of the pool, so each bound takes a pool; the last one has room for all.
        for (let room = 0, isDone = false; !isDone; room += pageBytes * (room < 24 * pageBytes ? 1 : 9)) {
          const filler = await MemoryPool.create()
          const probe = new HnswIndex(filler, { dimensions, metric, m: 4, m0: 8, efConstruction: 20 })
          if (rows) probe.add(part(1000, 1000 + rows))
          if (rows) probe.search(part(1007, 1008), 3)
          const used = filler.bytesUsed
          filler.close()
          const pool = await MemoryPool.create({ memoryBytesMax: used + room })
          const index = new HnswIndex(pool, { dimensions, metric, m: 4, m0: 8, efConstruction: 20 })
          if (rows) index.add(part(1000, 1000 + rows))
          if (rows) index.search(part(1007, 1008), 3)
          const before = stateOf(index)
          try {
            operate(index)
            isDone = true
          } catch (error) {
            expect(error).toMatchObject({ code: 'MEMORY_FULL' })
            expect(stateOf(index)).toEqual(before)
            if (rows) expect(index.audit()).toBe(0)
            if (rows) expect(index.search(part(1007, 1008), 3).ids).toContain(7)
          }
          pool.close()
        }
      },
    )
  }
})
