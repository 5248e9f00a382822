import { describe, expect, test } from 'vitest'
import { codesKinds, createMemory, instantiateKernel, loadKernel, metaBytes, reservedBytes, transforms } from './index.js'

describe('kernel', async () => {
  const module = await loadKernel()
  const memory = createMemory(reservedBytes + 1_048_576, reservedBytes + 1_048_576)
  const kernel = instantiateKernel(module, memory)
  const source = reservedBytes
  const target = reservedBytes + 262_144
  const staging = reservedBytes + 524_288
  const zeros = reservedBytes + 786_432
  const place = (numbers: ArrayLike<number>, at: number) => new Float32Array(memory.buffer, at, numbers.length).set(numbers)

  test('is compiled once', async () => {
    expect(await loadKernel()).toBe(module)
  })

  test.each([1, 3, 16, 17, 100, 784])('sums %i numbers like float64', (dimensions) => {
    const rows = Float32Array.from({ length: 5 * dimensions }, (_, i) => Math.sin(i + 1) * (1 + (i % 7)))
    place(rows, source)
    const norms = Array.from({ length: 5 }, (_, i) =>
      rows.subarray(i * dimensions, (i + 1) * dimensions).reduce((sum, x) => sum + x * x, 0),
    )
    expect(kernel.squaredNorm(source, dimensions)).toBeCloseTo(norms[0]!, 9)
    expect(kernel.greatestSquaredNorm(source, 5, dimensions)).toBeCloseTo(Math.max(...norms), 9)
    const sums = new Float64Array(memory.buffer, target, dimensions).fill(0)
    kernel.addToSums(source, 5, dimensions, transforms.normalise, target)
    sums.forEach((sum, j) => {
      const expected = norms.reduce((total, norm2, i) => total + rows[i * dimensions + j]! / Math.sqrt(norm2), 0)
      expect(sum).toBeCloseTo(expected, 9)
    })
  })

  test('gives the zero vector an axis of its own, and dot vectors one length', () => {
    const encode = (vector: number[], transform: number, phi: number) => {
      place(vector, source)
      kernel.encodeRow(source, vector.length, transform, phi, zeros, 0, target, codesKinds.float32, 64, staging)
      return {
        numbers: [...new Float32Array(memory.buffer, target, 3)],
        meta: [...new Float32Array(memory.buffer, target + 64, metaBytes / 4)],
      }
    }
    expect(encode([0, 0, 0], transforms.normalise, 0)).toEqual({ numbers: [0, 0, 0], meta: [1, 1, 1, 0] })
    expect(encode([0, 3, 4], transforms.augment, 13)).toEqual({ numbers: [0, 3, 4], meta: [1, 169, 12, 0] })
    expect(encode([0, 3, 4], transforms.augment, 4).meta[2]).toBe(0)
  })

  test('draws levels that thin out by M', () => {
    const counts = new Array<number>(6).fill(0)
    for (let node = 0; node < 40_000; node++) counts[kernel.levelOf(node, 1, 16)]!++
    expect(counts[0]! / 40_000).toBeCloseTo(15 / 16, 2)
    expect(counts[1]! / 2500).toBeCloseTo(15 / 16, 0)
    expect(kernel.upperBytes(0, 40_000, 1, 16)).toBe(64 * counts.reduce((sum, count, level) => sum + count * level, 0))
  })
})
