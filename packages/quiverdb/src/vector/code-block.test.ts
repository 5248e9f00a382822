import { normal, randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { CodeBlock, encodeRows } from './code-block.js'
import { MemoryPool } from './memory-pool.js'
import { rowBytes, rowLayout } from './row-layout.js'

describe('CodeBlock', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  test.each([1, 3, 15, 16, 17, 100, 784])('rows in %i dimensions say what they miss', (dimensions) => {
    const random = randomSource(dimensions)
    const vectors = Float32Array.from({ length: 20 * dimensions }, () => normal(random))
    const { codeBytes, stride } = rowLayout(dimensions, 'int8')
    expect(stride % 64).toBe(0)
    const rows = encodeRows(pool, vectors, dimensions)
    expect(rows).toHaveLength(20 * rowBytes(dimensions))
    for (let i = 0; i < 20; i++) {
      const vector = vectorAt(vectors, dimensions, i)
      const codes = new Int8Array(rows.buffer, i * stride, codeBytes)
      const [scale, norm2, extra, residual] = new Float32Array(rows.buffer, i * stride + codeBytes, 4)
      expect(scale).toBeCloseTo(Math.max(...vector.map(Math.abs)) / 127, 6)
      expect(extra! / vector.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 6)
      const decoded2 = codes.reduce((sum, code) => sum + (code * scale!) ** 2, 0)
      expect(norm2! / (decoded2 + residual! ** 2)).toBeCloseTo(1, 6)
      const missed = Math.sqrt(vector.reduce((sum, x, j) => sum + (x - codes[j]! * scale!) ** 2, 0))
      expect(Math.abs(missed - residual!)).toBeLessThan(1e-6)
      expect(codes.subarray(dimensions).every((code) => code === 0)).toBe(true)
    }
  })

  test('appending one by one, appending rows and encoding at once give the same bytes', () => {
    const random = randomSource(5)
    const vectors = Float32Array.from({ length: 300 * 33 }, () => normal(random))
    const encoded = encodeRows(pool, vectors, 33)
    const before = pool.bytesUsed
    const block = new CodeBlock(pool, 33)
    for (let i = 0; i < 150; i++) block.append(vectorAt(vectors, 33, i))
    block.appendEncoded(encoded.subarray(150 * rowBytes(33)))
    expect(block.rows).toBe(300)
    expect(Buffer.compare(block.encoded(), encoded)).toBe(0)
    block.free()
    expect(block.rows).toBe(0)
    expect(pool.bytesUsed).toBe(before)
  })

  test('a wrong length is refused before anything changes', () => {
    const block = new CodeBlock(pool, 4)
    expect(() => block.append(new Float32Array(5))).toThrow(expect.objectContaining({ code: 'DIMENSION_MISMATCH' }))
    expect(block.rows).toBe(0)
    expect(() => new CodeBlock(pool, 0)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => new CodeBlock(pool, 16_385)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
