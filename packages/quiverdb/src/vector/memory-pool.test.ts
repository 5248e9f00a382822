import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DirectoryStore } from '../store/directory-store.js'
import { extentAlignment } from './arena.js'
import { type Extent, MemoryPool } from './memory-pool.js'

const mebibyte = 1024 ** 2

describe.each([{ shared: false }, { shared: true }])('MemoryPool, shared: $shared', ({ shared }) => {
  test('extents are aligned, never overlap, keep their bytes, and all come back', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: 64 * mebibyte, shared })
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

  test('refuses what no memory has room for, and goes on', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: 64 * 1024 * mebibyte, shared })
    const small = pool.allocate(1)
    expect(() => pool.allocate(4096 * mebibyte)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(() => pool.allocateTogether([2048 * mebibyte, 2048 * mebibyte])).toThrow(
      expect.objectContaining({ code: 'MEMORY_FULL' }),
    )
    expect(pool.allocate(1).arena).toBe(small.arena)
    pool.close()
  })

  test('refuses what the bound does not allow, and names the numbers', async () => {
    const pool = await MemoryPool.create({ memoryBytesMax: mebibyte, shared })
    const half = pool.allocate(mebibyte / 2)
    expect(() => pool.allocate(mebibyte / 2 + 1)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    half.free()
    pool.allocate(mebibyte).free()
    expect(pool.bytesUsed).toBe(0)
    pool.close()
    expect(() => pool.allocate(1)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test('freed extents are refused', async () => {
    const pool = await MemoryPool.create({ shared })
    const extent = pool.allocate(10)
    extent.free()
    expect(() => extent.free()).toThrow(/once/)
    expect(() => extent.view()).toThrow(/freed/)
    pool.close()
  })

  test('scratch keeps its address until it must grow, and tells when it is new', async () => {
    const pool = await MemoryPool.create({ shared })
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

  test('files are read into extents and written from them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quiver-pool-'))
    const pool = await MemoryPool.create({ shared })
    try {
      const extent = pool.allocate(1000)
      extent.view().forEach((_, i, view) => (view[i] = i))
      const store = await DirectoryStore.open(folder)
      await store.putNew('one', extent.view())
      extent.view().fill(0)
      expect(store.sync.readInto('one', 100, extent.view().subarray(0, 500))).toBe(500)
      expect([...extent.view().subarray(0, 500)]).toEqual(Array.from({ length: 500 }, (_, i) => (100 + i) & 255))
      await store.close()
    } finally {
      pool.close()
      rmSync(folder, { recursive: true })
    }
  })
})

test('a pool within another hands out what it was given, in the same memory', async () => {
  const pool = await MemoryPool.create({ shared: true })
  const extent = pool.allocate(3 * extentAlignment)
  const within = await MemoryPool.within(extent.arena.memory)
  expect(() => within.allocate(1)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
  within.give(extent.pointer, 3 * extentAlignment)
  const inner = within.allocate(2 * extentAlignment)
  inner.view().fill(7)
  expect(extent.view().indexOf(7)).toBe(inner.pointer - extent.pointer)
  expect(() => within.allocate(extentAlignment + 1)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
  pool.allocate(64 * mebibyte)
  expect(inner.view().every((byte) => byte === 7)).toBe(true)
  expect(within.bytesUsed).toBe(2 * extentAlignment)
  pool.close()
})

test('a thread that the runtime has not told of growth catches up', async () => {
  const pool = await MemoryPool.create({ shared: true })
  const { memory } = pool.allocate(1).arena
  const before = memory.buffer
  const { onlyArena } = await MemoryPool.within(memory)
  // What a thread sees that received the memory in that moment.
  Object.defineProperty(memory, 'buffer', { configurable: true, get: () => before })
  const grow = memory.grow.bind(memory)
  memory.grow = (pages) => {
    Reflect.deleteProperty(memory, 'buffer')
    return grow(pages)
  }
  const bytes = before.byteLength + mebibyte
  grow(mebibyte / 65_536)
  expect(onlyArena.u8.byteLength).toBe(before.byteLength)
  onlyArena.catchUp(bytes)
  expect(onlyArena.u8.byteLength).toBe(bytes)
  expect(() => onlyArena.catchUp(bytes + 1)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
  pool.close()
})
