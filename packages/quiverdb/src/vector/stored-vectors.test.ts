import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { describe, expect, test } from 'vitest'
import { allocateAmply } from './amply.js'
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
    expect(stored.bytes).toBe(used)
    for (let i = 0; i < count; i++) expect(stored.view(i)).toEqual(vectorAt(vectors, dimensions, i))
    stored.free()
    expect(pool.bytesUsed).toBe(0)
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
