import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extentAlignment } from './arena.js'
import { type Extent, MemoryPool } from './memory-pool.js'

const mebibyte = 1024 ** 2

describe('MemoryPool', () => {
  test('extents are aligned, never overlap, keep their bytes, and all come back', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: 64 * mebibyte })
    const step = fc.oneof(
      fc.record({ allocate: fc.integer({ min: 1, max: 300_000 }) }),
      fc.record({ together: fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }) }),
      fc.record({ free: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const held: { extent: Extent; mark: number }[] = []
        const hold = (extent: Extent) => {
          const mark = (extent.pointer / extentAlignment + held.length) & 255
          extent.view().fill(mark)
          held.push({ extent, mark })
        }
        for (const action of steps) {
          if ('allocate' in action) hold(pool.allocate(action.allocate))
          else if ('together' in action) {
            const extents = pool.allocateTogether(action.together)
            expect(new Set(extents.map(({ arena }) => arena)).size).toBe(1)
            extents.forEach(hold)
          } else if (held.length) held.splice(action.free % held.length, 1)[0]!.extent.free()
        }
        for (const { extent, mark } of held) {
          expect(extent.pointer % extentAlignment).toBe(0)
          expect(extent.view().every((byte) => byte === mark)).toBe(true)
        }
        const pages = held.reduce((sum, { extent }) => sum + Math.ceil(extent.bytes / extentAlignment), 0)
        expect(pool.bytesUsed).toBe(pages * extentAlignment)
        for (const { extent } of held) extent.free()
        expect(pool.bytesUsed).toBe(0)
      }),
      { numRuns: 50 },
    )
    // Everything came back in one piece: the largest extent fits again without growth.
    const all = pool.allocate(1)
    expect(all.pointer).toBe(65_536)
    pool.close()
  })

  test('refuses what the bound does not allow, and names the numbers', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: mebibyte })
    const half = pool.allocate(mebibyte / 2)
    expect(() => pool.allocate(mebibyte / 2 + 1)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    half.free()
    pool.allocate(mebibyte).free()
    expect(pool.bytesUsed).toBe(0)
    pool.close()
    expect(() => pool.allocate(1)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test('freed extents are refused', async () => {
    const pool = await MemoryPool.create()
    const extent = pool.allocate(10)
    extent.free()
    expect(() => extent.free()).toThrow(/once/)
    expect(() => extent.view()).toThrow(/freed/)
    pool.close()
  })

  test('scratch keeps its address until it must grow, and tells when it is new', async () => {
    const pool = await MemoryPool.create()
    const { arena } = pool.allocate(1)
    let cleared = 0
    const first = pool.scratch(arena, 'marks', 100, () => cleared++)
    expect(pool.scratch(arena, 'marks', 50, () => cleared++)).toBe(first)
    expect(cleared).toBe(1)
    arena.u8.fill(7, first, first + 100)
    const grown = pool.scratch(arena, 'marks', 100_000, () => cleared++)
    expect(cleared).toBe(2)
    expect(arena.u8.subarray(grown, grown + 100_000).every((byte) => byte === 0)).toBe(true)
    pool.close()
  })
})
