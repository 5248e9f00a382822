import { normal, randomSource } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { composite, compositePresets } from '../measure/composite.js'
import type { DenseMeasure } from '../measure/measure.js'
import { measures } from '../measure/measures.js'
import { MemoryPool } from '../memory-pool.js'
import { FlatVectors } from './flat-vectors.js'
import { searchFlat, type FlatSearchOptions } from './search-flat.js'

const all: readonly DenseMeasure[] = [...Object.values(measures), composite(), composite(compositePresets.structuralHeavy)]

/** The answer by definition: measure everything, sort. */
function naive(list: readonly Float32Array[], query: Float32Array, { measure, k, allowed }: FlatSearchOptions) {
  const sign = measure.higherIsBetter ? -1 : 1
  const rows = list.flatMap((vector, row) => {
    const open = !allowed || ((allowed[row >> 5] ?? 0) >> (row & 31)) & 1
    return open ? [{ row, distance: measure.raw(query, vector) }] : []
  })
  rows.sort((a, b) => sign * (a.distance - b.distance) || a.row - b.row)
  const best = rows.slice(0, k)
  return { rows: best.map(({ row }) => row), distances: best.map(({ distance }) => distance) }
}

/** What is compared: bits, but for the sign of zero. */
const plain = ({ rows, distances }: { rows: ArrayLike<number>; distances: ArrayLike<number> }) => ({
  rows: [...Array.from(rows)],
  distances: Array.from(distances, (distance) => distance + 0),
})

type Kind =
  'normal' | 'zero' | 'copy' | 'scaled' | 'near' | 'small' | 'denormal' | 'huge' | 'outlier' | 'shifted' | 'sparse' | 'whole'
const factors: Partial<Record<Kind, number>> = { small: 1e-18, denormal: 1e-43, huge: 1e30, outlier: 1000 }

function awkwardVector(kind: Kind, dimensions: number, random: () => number, earlier: readonly Float32Array[]): Float32Array {
  const out = Float32Array.from({ length: dimensions }, () => 2 * random() - 1)
  const other = earlier[Math.floor(random() * earlier.length)] ?? out
  if (kind === 'zero') return out.fill(0)
  if (kind === 'copy') return other.slice()
  if (kind === 'scaled') return other.map((x) => 1.5 * x)
  if (kind === 'near') return out.map((x, i) => other[i]! * (1 + 1e-7 * x))
  if (kind === 'shifted') return out.map((x) => x + 100)
  if (kind === 'sparse') return out.map((x, i) => (i % 7 ? 0 : x))
  if (kind === 'whole') return out.map((x) => Math.round(2 * x))
  return out.map((x) => x * (factors[kind] ?? 1))
}

const kinds: readonly Kind[] = [
  ...(['normal', 'zero', 'copy', 'scaled', 'near', 'small'] as const),
  ...(['denormal', 'huge', 'outlier', 'shifted', 'sparse', 'whole'] as const),
]

const awkwardCase = fc.record({
  measure: fc.constantFrom(...all),
  dimensions: fc.constantFrom(1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 100),
  rows: fc.integer({ min: 0, max: 90 }),
  kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }),
  queries: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }),
  seed: fc.nat(),
  k: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 100 })),
  filter: fc.constantFrom(0, 0.1, 0.5, 1),
  perStep: fc.constantFrom(1, 7, 1000),
})

describe('searchFlat', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  function filled(list: readonly Float32Array[], dimensions: number): FlatVectors {
    const vectors = new FlatVectors(pool, dimensions)
    for (const vector of list) vectors.append(vector)
    return vectors
  }

  test('gives what measuring and sorting all gives, bit for bit, one query or several, by vectors or by 8-bit codes', () => {
    fc.assert(
      fc.property(awkwardCase, ({ measure, dimensions, rows, kinds, queries: queryKinds, seed, k, filter, perStep }) => {
        const random = randomSource(seed)
        const list: Float32Array[] = []
        for (let i = 0; i < rows; i++) list.push(awkwardVector(kinds[i % kinds.length]!, dimensions, random, list))
        const queries = queryKinds.map((kind) => awkwardVector(kind, dimensions, random, list))
        const allowed = filter ? new Uint32Array(Math.ceil(rows / 32)) : undefined
        for (let i = 0; allowed && i < rows; i++) if (random() < filter) allowed[i >> 5]! |= 1 << (i & 31)
        const options = { measure, k, allowed, budget: { evaluationsPerStep: perStep } }
        const vectors = filled(list, dimensions)
        const together = searchFlat(vectors, queries, options)
        queries.forEach((query, i) => {
          const expected = plain(naive(list, query, options))
          expect(plain(together[i]!)).toEqual(expected)
          expect(plain(searchFlat(vectors, query, options))).toEqual(expected)
          expect(plain(searchFlat(vectors, query, { ...options, codes: 'int8' }))).toEqual(expected)
          expect(together[i]!.complete).toBe(true)
        })
        vectors.free()
      }),
      { numRuns: 400 },
    )
    expect(pool.bytesUsed).toBeLessThan(4 * 1024 ** 2) // the scratch alone
  })

  test('holds in every number of dimensions', () => {
    const lengths = [...Array.from({ length: 130 }, (_, i) => i + 1), 768, 1536, 16_384]
    for (const dimensions of lengths) {
      const random = randomSource(dimensions)
      const sizes = [1, 1e-18, 1e-41, 1e30]
      const list = Array.from({ length: dimensions > 1000 ? 12 : 40 }, (_, i) =>
        Float32Array.from({ length: dimensions }, () => normal(random) * sizes[Math.floor(i / 3) % sizes.length]!),
      )
      const vectors = filled(list, dimensions)
      const queries = [list[1]!, list[5]!, Float32Array.from({ length: dimensions }, () => normal(random))]
      for (const measure of all) {
        const found = searchFlat(vectors, queries, { measure, k: 5 })
        queries.forEach((query, i) => expect(plain(found[i]!)).toEqual(plain(naive(list, query, { measure, k: 5 }))))
      }
      vectors.free()
    }
  })

  test('finds a tiny and a huge vector by cosine, with score 1', () => {
    const vectors = filled([Float32Array.of(1e-18, 1e-18, 1e-18), Float32Array.of(1e30, -1e30, 1e30)], 3)
    for (const row of [0, 1]) {
      const { rows, distances } = searchFlat(vectors, vectors.read(row), { measure: measures.cosine, k: 1 })
      expect([rows[0], distances[0]]).toEqual([row, 1])
    }
    vectors.free()
  })

  test('equal distances come by row', () => {
    const vectors = filled(
      Array.from({ length: 50 }, (_, i) => Float32Array.of(i % 2, 1)),
      2,
    )
    for (const measure of all) {
      const { rows } = searchFlat(vectors, Float32Array.of(1, 1), { measure, k: 7 })
      expect([...rows], measure.name).toEqual([
        ...naive(
          Array.from({ length: 50 }, (_, i) => vectors.read(i)),
          Float32Array.of(1, 1),
          { measure, k: 7 },
        ).rows,
      ])
    }
    vectors.free()
  })

  test('many queries, more than one pass takes, answer like each alone', () => {
    const random = randomSource(5)
    const vector = () => Float32Array.from({ length: 24 }, () => normal(random))
    const vectors = filled(Array.from({ length: 700 }, vector), 24)
    const queries = Array.from({ length: 131 }, vector)
    for (const measure of [measures.cosine, measures.euclidean, measures.jaccard]) {
      const together = searchFlat(vectors, queries, { measure, k: 9 })
      expect(together).toEqual(queries.map((query) => searchFlat(vectors, query, { measure, k: 9 })))
    }
    expect(searchFlat(vectors, [], { measure: measures.dot, k: 1 })).toEqual([])
    vectors.free()
  })

  test('holds in a block that no cache holds, and in odd numbers of dimensions there', () => {
    for (const dimensions of [4001, 4090]) {
      const random = randomSource(dimensions)
      const noise = Float32Array.from({ length: 65_537 }, () => normal(random))
      const list = Array.from({ length: 1060 }, (_, row) =>
        Float32Array.from({ length: dimensions }, (_, i) => noise[(row * 311 + i) % 65_537]!),
      )
      const vectors = filled(list, dimensions)
      expect(vectors.bytes).toBeGreaterThan(16 * 1024 ** 2)
      for (const measure of [measures.cosine, measures.dot, measures.euclidean, composite()]) {
        const query = list[700]!.map((x, i) => x + 3 * noise[i]!)
        expect(plain(searchFlat(vectors, query, { measure, k: 6 }))).toEqual(plain(naive(list, query, { measure, k: 6 })))
      }
      vectors.free()
    }
  })

  test('one-bit sketches find nearly all, with exact distances', () => {
    const random = randomSource(9)
    const centres = Array.from({ length: 20 }, () => Float32Array.from({ length: 96 }, () => normal(random)))
    const vector = (_: unknown, i: number) => centres[i % 20]!.map((x) => x + 0.5 * normal(random))
    const list = Array.from({ length: 3000 }, vector)
    const vectors = filled(list, 96)
    let found = 0
    for (let i = 0; i < 20; i++) {
      const options = { measure: measures.angular, k: 10 }
      const query = vector(0, i)
      const { rows, distances } = searchFlat(vectors, query, { ...options, codes: 'bit' })
      rows.forEach((row, j) => expect(distances[j]).toBe(measures.angular.raw(query, list[row]!)))
      const expected = new Set(naive(list, query, options).rows)
      found += [...rows].filter((row) => expected.has(row)).length
    }
    expect(found).toBeGreaterThanOrEqual(196)
    vectors.free()
  })

  test.each(['float32', 'int8', 'bit'] as const)('a replaced vector is found in its new place, by %s', (codes) => {
    const random = randomSource(2)
    const vectors = filled(
      Array.from({ length: 600 }, () => Float32Array.from({ length: 64 }, () => normal(random))),
      64,
    )
    const options = { measure: measures.euclidean, k: 1, codes }
    const query = Float32Array.from({ length: 64 }, () => 3 + normal(random))
    searchFlat(vectors, query, options)
    vectors.set(123, query)
    const added = vectors.append(query.map((x) => x + 0.01))
    expect([...searchFlat(vectors, query, { ...options, k: 2 }).rows]).toEqual([123, added])
    vectors.free()
  })

  test.each(['float32', 'int8', 'bit'] as const)(
    'a deadline ends it with what was found, an abort with an error, by %s',
    (codes) => {
      const vectors = new FlatVectors(pool, 128)
      vectors.append(Float32Array.from({ length: 128 * 1000 }, (_, i) => Math.sin(i)))
      const options = { measure: measures.cosine, k: 5, codes }
      const query = vectors.read(999)
      const cut = searchFlat(vectors, query, { ...options, budget: { deadline: performance.now() + 1e-6 } })
      expect(cut.complete).toBe(codes === 'bit') // whose few candidates are one step
      expect(cut.rows.length).toBe(5)
      expect(searchFlat(vectors, query, { ...options, budget: { deadline: performance.now() + 60_000 } }).rows[0]).toBe(999)
      const signal = AbortSignal.abort()
      expect(() => searchFlat(vectors, query, { ...options, budget: { signal } })).toThrow(
        expect.objectContaining({ code: 'ABORTED' }),
      )
      vectors.free()
    },
  )

  test('refuses what it cannot search for', () => {
    const vectors = filled([Float32Array.of(1, 2)], 2)
    const measure = measures.cosine
    const code = (code: string) => expect.objectContaining({ code })
    for (const k of [0, -1, 1.5, NaN]) {
      expect(() => searchFlat(vectors, Float32Array.of(1, 2), { measure, k })).toThrow(code('INVALID_ARGUMENT'))
    }
    expect(() => searchFlat(vectors, Float32Array.of(1), { measure, k: 1 })).toThrow(code('DIMENSION_MISMATCH'))
    expect(() => searchFlat(vectors, [Float32Array.of(1, NaN)], { measure, k: 1 })).toThrow(code('INVALID_VECTOR'))
    vectors.free()
  })
})
