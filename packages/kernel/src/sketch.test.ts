import { describe, expect, test } from 'vitest'
import {
  rotationRounds,
  codesKinds,
  createMemory,
  instantiateKernel,
  loadKernel,
  modes,
  reservedBytes,
  sketchGroupRows,
  sketchLayout,
  transforms,
} from './index.js'

const areaBytes = 1_048_576

/** Lehmer's generator: numbers in (0, 1). */
function randomSource(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
}

const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())

describe('sketches', async () => {
  const memory = createMemory(reservedBytes + 4 * areaBytes, reservedBytes + 4 * areaBytes)
  const kernel = instantiateKernel(await loadKernel(), memory)
  const f32 = new Float32Array(memory.buffer)
  const u32 = new Uint32Array(memory.buffer)
  const area = (i: number): number => reservedBytes + i * (areaBytes / 8)

  test.each([16, 48, 64, 112, 768])('the rotation of %i numbers keeps lengths: its signs differ and have its scale', (n) => {
    kernel.rotationSigns(area(0), n, rotationRounds)
    const signs = f32.slice(area(0) / 4, area(0) / 4 + 2 * n)
    const window = 2 ** Math.floor(Math.log2(n))
    for (const [round, first] of [0, n - window].entries()) {
      const inWindow = [...signs.subarray(round * n + first, round * n + first + window)]
      for (const sign of inWindow) expect(Math.abs(sign)).toBeCloseTo(1 / Math.sqrt(window), 6)
      const negative = inWindow.filter((sign) => sign < 0).length / window
      expect(negative).toBeGreaterThan(0.15)
      expect(negative).toBeLessThan(0.85)
    }
  })

  test.each([
    ['l2', 64],
    ['dot', 64],
    ['cosine', 64],
    ['l2', 784],
    ['cosine', 336],
  ] as const)('%s in %i dimensions: estimates are near the distances, and right on average', (metric, n) => {
    const random = randomSource(n)
    const rows = 100
    const stride = n + 64
    const sketch = area(0)
    const [centre, signs, work, groups, table, codes, out] = [1, 2, 3, 4, 8, 12, 16].map(area) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const offset = Float32Array.from({ length: n }, () => 2 * normal(random))
    const draw = (): Float32Array => offset.map((x) => x + normal(random))
    const vectors = Array.from({ length: rows }, draw)
    const query = draw()
    const encode = (vector: Float32Array, transform: number, target: number): void => {
      f32.set(vector, area(20) / 4)
      f32.fill(0, area(21) / 4, area(21) / 4 + n)
      kernel.encodeRow(area(20), n, transform, 0, area(21), 0, target, codesKinds.int8, n, area(22))
    }
    vectors.forEach((vector, i) => encode(vector, transforms.plain, codes + i * stride))
    encode(query, metric === 'cosine' ? transforms.normalise : transforms.plain, area(19))
    const values = {
      mode: modes[metric],
      n,
      rows: codes,
      stride,
      centre,
      signs,
      work,
      groups,
      groupBytes: 4 * n + 8 * sketchGroupRows,
      table,
    }
    for (const [name, value] of Object.entries(values)) u32[sketch / 4 + sketchLayout.index[name as keyof typeof values]] = value
    kernel.rotationSigns(signs, n, rotationRounds)
    kernel.sketchCentre(sketch, rows)
    for (let j = 0; j < n; j++) {
      const unit = (vector: Float32Array): number => (metric === 'cosine' ? Math.hypot(...vector) : 1)
      const mean = vectors.reduce((sum, vector) => sum + vector[j]! / unit(vector), 0) / rows
      expect(Math.abs(f32[centre / 4 + j]! - mean)).toBeLessThan(0.02)
    }
    kernel.sketchRows(sketch, 0, 37)
    kernel.sketchRows(sketch, 37, rows)
    kernel.sketchQuery(sketch, area(19))
    u32.set([0xffffffff, 0xfffffffe, 0xffffffff, 0xffffffff], area(18) / 4)
    kernel.sketchEstimates(sketch, rows, area(18), out)
    const estimates = f32.slice(out / 4, out / 4 + 128)
    expect(estimates[32]).toBe(Infinity)
    expect([...estimates.subarray(rows)].every((estimate) => estimate === Infinity)).toBe(true)
    const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, j) => sum + x * b[j]!, 0)
    const exact = (vector: Float32Array): number => {
      if (metric === 'l2') return vector.reduce((sum, x, j) => sum + (x - query[j]!) ** 2, 0)
      return metric === 'dot' ? -dot(query, vector) : 1 - dot(query, vector) / Math.sqrt(dot(query, query) * dot(vector, vector))
    }
    // Rows and query lie sqrt(n) from the centre; the estimated product of such vectors is off by about n / sqrt(n) * sqrt(pi / 2 - 1).
    const lengths = metric === 'cosine' ? dot(query, query) : 1
    const deviation = ((metric === 'l2' ? 2 : 1) * Math.sqrt(n)) / lengths
    const errors = vectors.flatMap((vector, i) => (i === 32 ? [] : [(estimates[i]! - exact(vector)) / deviation]))
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(4)
    expect(Math.abs(errors.reduce((sum, x) => sum + x, 0) / errors.length)).toBeLessThan(0.5)
  })

  test('the smallest estimates are kept, with what ties', () => {
    const random = randomSource(3)
    const [estimates, kept] = [area(0), area(1)]
    for (const count of [32, 100, 1000]) {
      const values = Array.from({ length: count }, (_, i) => (i % 3 ? normal(random) : Math.floor(4 * random())))
      const padded = new Float32Array(sketchGroupRows * Math.ceil(count / sketchGroupRows)).fill(Infinity)
      padded.set(values)
      for (let i = 7; i < count; i += 10) padded[i] = Infinity
      f32.set(padded, estimates / 4)
      const sorted = padded.slice().sort()
      for (const wanted of [1, 10, 25, 1000]) {
        const n = kernel.sketchKeep(estimates, count, wanted, wanted + 2, 1.5, kept)
        const rows = Array.from(padded.keys()).filter((row) => (u32[kept / 4 + (row >> 5)]! >>> (row & 31)) & 1)
        expect(rows).toHaveLength(n)
        const open = sorted.filter((value) => value <= 1.5).length
        expect(n).toBeGreaterThanOrEqual(Math.min(wanted, open))
        const last = Math.max(...rows.map((row) => padded[row]!))
        expect(rows).toHaveLength(sorted.filter((value) => value <= last).length)
        expect(kernel.sketchRank(estimates, count, last)).toBe(n)
        const least = sorted.filter((value) => value < last).length
        expect(least).toBeLessThanOrEqual(wanted + 1)
      }
      f32[estimates / 4 + 3] = NaN
      expect(kernel.sketchKeep(estimates, count, 10, 12, Infinity, kept)).toBe(-1)
    }
  })
})
