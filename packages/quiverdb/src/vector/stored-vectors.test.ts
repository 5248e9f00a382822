import { reservedBytes } from '@quiverdb/kernel'
import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { describe, expect, test } from 'vitest'
import { allocateAmply } from './amply.js'
import { arenaBytesMax } from './arena.js'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'
import { StoredVectors } from './stored-vectors.js'

const dimensions = 12
const vectors = clusteredVectors(4000, dimensions, 3)

describe('StoredVectors', () => {
  test('keep their vectors over many pieces, wherever memory ends', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: 160 * 1024 })
    // 341 vectors and a rest of 16 bytes in a piece.
    const stored = new StoredVectors(pool, dimensions, 16 * 1024)
    let count = 0
    const fill = (to: number): void => {
      stored.reserve(to)
      for (; count < to; count++) stored.set(count, vectorAt(vectors, dimensions, count))
    }
    for (const to of [1, 90, 200, 341, 342, 700, 1000, 1025, 2000]) fill(to)
    expect(() => {
      for (;;) fill(count + 100)
    }).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    // Room was left for growth, and was used up before.
    expect(count).toBeGreaterThan((160 * 1024 * 0.7) / (4 * dimensions))
    const used = pool.bytesUsed
    expect(() => stored.reserve(count + 3000)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(pool.bytesUsed).toBe(used)
    expect(stored.bytes).toBeLessThan(used)
    for (let i = 0; i < count; i++) expect(stored.view(i)).toEqual(vectorAt(vectors, dimensions, i))
    const scratch = used - stored.bytes
    stored.free()
    expect(pool.bytesUsed).toBe(scratch)
    pool.close()
  })

  test('give the distances of all, over the borders of pieces', async () => {
    const pool = await MemoryPool.create()
    const [pieces, whole] = [new StoredVectors(pool, dimensions, 4096), new StoredVectors(pool, dimensions)]
    for (const stored of [pieces, whole]) {
      stored.reserve(500)
      for (let i = 0; i < 500; i++) stored.set(i, vectorAt(vectors, dimensions, i))
    }
    const query = vectorAt(vectors, dimensions, 2999)
    for (const [from, to] of [
      [0, 500],
      [85, 86],
      [80, 171],
      [170, 170],
    ] as const)
      expect(pieces.distances(query, 'l2', from, to)).toEqual(whole.distances(query, 'l2', from, to))
    pool.close()
  })
})

describe('when one memory is full', () => {
  /** A pool whose first memory has this room left. Nothing touches what fills it. */
  async function nearlyFull(roomBytes: number): Promise<MemoryPool> {
    const pool = await MemoryPool.create({ memoryBytesMax: 16 * 1024 ** 3 })
    pool.allocate(arenaBytesMax - reservedBytes - roomBytes)
    return pool
  }

  test('vectors go on in another', async () => {
    const pool = await nearlyFull(64 * 1024)
    const stored = new StoredVectors(pool, dimensions, 16 * 1024)
    for (let i = 0; i < 4000; i++) {
      stored.reserve(i + 1)
      stored.set(i, vectorAt(vectors, dimensions, i))
    }
    for (let i = 0; i < 4000; i++) expect(stored.view(i)).toEqual(vectorAt(vectors, dimensions, i))
    const numbers = Uint32Array.of(3999, 0, 341, 2000, 340)
    const { arena, addresses } = stored.place([...numbers])
    numbers.forEach((number, i) => {
      const start = addresses[i]! / 4
      expect(arena.f32.slice(start, start + dimensions)).toEqual(vectorAt(vectors, dimensions, number))
    })
    const distances = stored.distances(vectorAt(vectors, dimensions, 7), 'l2', 0, 4000)
    expect(distances[7]).toBe(0)
    expect(distances[3999]).toBeCloseTo(squaredDistance(vectorAt(vectors, dimensions, 7), vectorAt(vectors, dimensions, 3999)), 5)
    pool.close()
  })

  test('so does an index, and loses nothing', async () => {
    const pool = await nearlyFull(256 * 1024)
    const index = new HnswIndex(pool, { dimensions, metric: 'l2', m: 8, m0: 16, efConstruction: 40 })
    for (let from = 0; from < 3000; from += 250) index.add(vectors.slice(from * dimensions, (from + 250) * dimensions))
    expect(index.delete(17)).toBe(true)
    index.replace(5, vectorAt(vectors, dimensions, 3500))
    for (const id of [0, 999, 2999]) {
      expect(index.get(id)).toEqual(vectorAt(vectors, dimensions, id))
      expect(index.search(vectorAt(vectors, dimensions, id), 1).ids).toEqual(
        index.searchExact(vectorAt(vectors, dimensions, id), 1).ids,
      )
    }
    expect([...index.search(vectorAt(vectors, dimensions, 3500), 1).ids]).toEqual([5])
    expect(index.audit()).toBe(0)
    pool.close()
  })
})

const squaredDistance = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)

test('what is wished for is halved until there is room', async () => {
  const pool = await MemoryPool.create({ memoryBytesMax: 1024 * 1024 })
  const asked: number[] = []
  const allocate = (bytes: number) => {
    asked.push(bytes)
    return pool.allocate(bytes)
  }
  const half = 512 * 1024
  expect(allocateAmply(4 * half, half, allocate).bytes).toBe(half + (3 * half) / 4)
  expect(asked).toEqual([4 * half, half + 1.5 * half, half + 0.75 * half])
  expect(() => allocateAmply(4 * half, half, allocate)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
  expect(asked.at(-1)).toBe(half)
  pool.close()
})
