import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { MemoryPool } from '../memory-pool.js'
import { FlatVectors } from './flat-vectors.js'

const code = (code: string) => expect.objectContaining({ code })

describe('FlatVectors', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  test('holds what was appended and set, like a list', () => {
    const number = fc.float({ noNaN: true, noDefaultInfinity: true })
    const step = fc.record({
      rows: fc.integer({ min: 0, max: 9 }),
      numbers: fc.array(number, { minLength: 9, maxLength: 9 }),
      replace: fc.nat(),
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 12 }), (dimensions, steps) => {
        const vectors = new FlatVectors(pool, dimensions)
        const list: Float32Array[] = []
        for (const { rows, numbers, replace } of steps) {
          const vector = (shift: number) => Float32Array.from({ length: dimensions }, (_, i) => numbers[(i + shift) % 9]!)
          const added = Array.from({ length: rows }, (_, i) => vector(i))
          expect(vectors.append(Float32Array.from(added.flatMap((vector) => [...vector])))).toBe(list.length)
          list.push(...added)
          if (!list.length) continue
          list[replace % list.length] = vector(4)
          vectors.set(replace % list.length, vector(4))
        }
        expect(vectors.rows).toBe(list.length)
        expect(list.map((_, row) => vectors.read(row))).toEqual(list)
        vectors.free()
      }),
      { numRuns: 100 },
    )
  })

  test('gives its memory back, and can be used again', () => {
    const before = pool.bytesUsed
    const vectors = new FlatVectors(pool, 10)
    expect(vectors.bytes).toBe(0)
    vectors.append(new Float32Array(10_000))
    expect(vectors.bytes).toBeGreaterThanOrEqual(40_000)
    expect(pool.bytesUsed - before).toBe(vectors.bytes)
    vectors.free()
    expect([vectors.rows, vectors.bytes, pool.bytesUsed]).toEqual([0, 0, before])
    expect(vectors.append(new Float32Array(10))).toBe(0)
    vectors.free()
  })

  test('takes all vectors of a call or none', () => {
    const vectors = new FlatVectors(pool, 2)
    expect(() => vectors.append(Float32Array.of(1, 2, 3))).toThrow(code('DIMENSION_MISMATCH'))
    expect(() => vectors.append(Float32Array.of(1, 2, 3, Infinity))).toThrow(code('INVALID_VECTOR'))
    expect(vectors.rows).toBe(0)
    vectors.append(Float32Array.of(1, 2))
    expect(() => vectors.set(0, Float32Array.of(1))).toThrow(code('DIMENSION_MISMATCH'))
    for (const row of [1, -1, 0.5]) {
      expect(() => vectors.set(row, Float32Array.of(1, 2))).toThrow(code('NOT_FOUND'))
      expect(() => vectors.read(row)).toThrow(code('NOT_FOUND'))
    }
    vectors.free()
    for (const dimensions of [0, 1.5, 16_385, NaN]) {
      expect(() => new FlatVectors(pool, dimensions)).toThrow(code('INVALID_ARGUMENT'))
    }
  })
})
