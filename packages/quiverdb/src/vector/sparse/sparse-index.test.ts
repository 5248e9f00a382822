import { randomSource } from '@quiverdb/testing'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { SparseIndex, SparseVector, type SparseMetric } from '../../index.js'

const measures: Record<SparseMetric, { of: (a: SparseVector, b: SparseVector) => number; ascending: boolean }> = {
  dot: { of: (a, b) => a.dot(b), ascending: false },
  cosine: { of: (a, b) => a.cosineSimilarity(b), ascending: false },
  jaccard: { of: (a, b) => a.jaccardIndex(b), ascending: false },
  overlap: { of: (a, b) => a.overlapCoefficient(b), ascending: false },
  weightedJaccard: { of: (a, b) => a.weightedJaccard(b), ascending: false },
  angular: { of: (a, b) => a.angularDistance(b), ascending: true },
  euclidean: { of: (a, b) => a.euclideanDistance(b), ascending: true },
  manhattan: { of: (a, b) => a.manhattanDistance(b), ascending: true },
  chebyshev: { of: (a, b) => a.chebyshevDistance(b), ascending: true },
}
const metrics = Object.keys(measures) as SparseMetric[]

interface Scored {
  slot: number
  score: number
}

/** Every vector, measured and sorted. */
function naive(vectors: ReadonlyMap<number, SparseVector>, query: SparseVector, k: number, metric: SparseMetric): Scored[] {
  const { of, ascending } = measures[metric]
  const all = [...vectors].map(([slot, vector]) => ({ slot, score: of(query, vector) }))
  return all.sort((a, b) => (ascending ? a.score - b.score : b.score - a.score) || a.slot - b.slot).slice(0, k)
}

const hitsOf = ({ slots, scores }: { slots: Uint32Array; scores: Float64Array }): Scored[] =>
  Array.from(slots, (slot, i) => ({ slot, score: scores[i]! }))

/** Vectors as text models make them: few positions are frequent, most are rare. */
function skewedVector(random: () => number, dimension: number, nnz: number, negative: boolean): SparseVector {
  const vector = new SparseVector(dimension)
  for (let i = 0; i < nnz; i++) {
    const value = -Math.log(1 - random())
    vector.set(Math.floor(dimension * random() ** 3), negative && random() < 0.5 ? -value : value)
  }
  return vector
}

const dimension = 24
const values = fc.oneof(fc.constantFrom(-2, -1, 1, 2), fc.float({ min: -50, max: 50, noNaN: true }))
const vectors = fc.array(fc.tuple(fc.nat(dimension - 1), values), { maxLength: 8 }).map((entries) =>
  SparseVector.fromParts(
    dimension,
    entries.map(([position]) => position),
    entries.map(([, value]) => value),
  ),
)
const changes = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('add' as const), vector: vectors }), weight: 4 },
    fc.record({ kind: fc.constant('replace' as const), place: fc.nat(), vector: vectors }),
    fc.record({ kind: fc.constant('delete' as const), place: fc.nat() }),
  ),
  { maxLength: 60 },
)

describe('a sparse index', () => {
  test('answers as if every vector were measured, whatever was added, replaced and deleted before', () => {
    fc.assert(
      fc.property(changes, vectors, fc.integer({ min: 1, max: 12 }), fc.nat(), (steps, query, k, mask) => {
        const index = new SparseIndex(dimension)
        const model = new Map<number, SparseVector>()
        for (const step of steps) {
          if (step.kind === 'add') {
            const slot = index.add(step.vector)
            expect(model.has(slot)).toBe(false)
            model.set(slot, step.vector)
            continue
          }
          const slot = [...model.keys()][step.place % (model.size || 1)]
          if (slot === undefined) continue
          if (step.kind === 'replace') {
            index.replace(slot, step.vector)
            model.set(slot, step.vector)
          } else {
            expect(index.delete(slot)).toBe(true)
            model.delete(slot)
          }
        }
        expect(index.size).toBe(model.size)
        expect(index.stats().values).toBe([...model.values()].reduce((sum, vector) => sum + vector.nnz, 0))
        for (const [slot, vector] of model) expect([...index.get(slot)]).toEqual([...vector])
        const allowed = Uint32Array.of(mask, ~mask)
        const allowedVectors = new Map([...model].filter(([slot]) => (allowed[slot >>> 5]! >>> (slot & 31)) & 1))
        for (const metric of metrics) {
          expect(hitsOf(index.search(query, k, { metric })), metric).toEqual(naive(model, query, k, metric))
          const filtered = hitsOf(index.search(query, k, { metric, allowed }))
          expect(filtered, `${metric}, filtered`).toEqual(naive(allowedVectors, query, k, metric))
        }
      }),
      { numRuns: 200 },
    )
  })

  test.each([false, true])('answers so over many vectors, whose lists are left out (negative values: %s)', (negative) => {
    const random = randomSource(7)
    const index = new SparseIndex(2000)
    const model = new Map<number, SparseVector>()
    for (let i = 0; i < 20_000; i++) {
      const vector = skewedVector(random, 2000, 12, negative)
      model.set(index.add(vector), vector)
    }
    for (let i = 0; i < 6; i++) {
      const query = skewedVector(random, 2000, 6, negative)
      for (const metric of ['dot', 'cosine', 'jaccard', 'overlap', 'euclidean'] as const)
        expect(hitsOf(index.search(query, 10, { metric })), metric).toEqual(naive(model, query, 10, metric))
    }
  })

  it('keeps ties in the order of slots and vectors without a common position at zero', () => {
    const index = new SparseIndex(4)
    for (const entries of [
      [0, 0, 0, 1],
      [1, 0, 0, 0],
      [-1, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ])
      index.add(SparseVector.fromDense(entries))
    expect(hitsOf(index.search(SparseVector.fromDense([2, 0, 0, 0]), 5))).toEqual([
      { slot: 1, score: 2 },
      { slot: 3, score: 2 },
      { slot: 0, score: 0 },
      { slot: 4, score: 0 },
      { slot: 2, score: -2 },
    ])
  })

  it('uses freed slots again and gives memory back to later vectors', () => {
    const random = randomSource(3)
    const index = new SparseIndex(500)
    const fresh = (): SparseVector => skewedVector(random, 500, 20, false)
    for (let i = 0; i < 1000; i++) index.add(fresh())
    const before = index.stats()
    for (let i = 0; i < 5000; i++) {
      const slot = Math.floor(1000 * random())
      if (random() < 0.5) index.replace(slot, fresh())
      else {
        index.delete(slot)
        expect(index.has(slot)).toBe(false)
        expect(index.add(fresh())).toBe(slot)
      }
    }
    expect(index.stats().vectors).toBe(1000)
    expect(index.stats().totalBytes).toBeLessThan(2 * before.totalBytes)
    for (let slot = 0; slot < 1000; slot++) index.delete(slot)
    expect(index.stats()).toMatchObject({ vectors: 0, values: 0, postingLists: 0, postingBytes: 0 })
    expect(hitsOf(index.search(fresh(), 10))).toEqual([])
  })

  it('is empty, holds empty vectors and answers empty queries', () => {
    const index = new SparseIndex(3)
    const zero = new SparseVector(3)
    for (const metric of metrics) expect(hitsOf(index.search(zero, 3, { metric }))).toEqual([])
    index.add(SparseVector.fromDense([1, 0, 0]))
    index.add(zero)
    expect(hitsOf(index.search(zero, 2, { metric: 'jaccard' }))).toEqual([
      { slot: 1, score: 1 },
      { slot: 0, score: 0 },
    ])
    expect(hitsOf(index.search(zero, 2, { metric: 'euclidean' }))).toEqual([
      { slot: 1, score: 0 },
      { slot: 0, score: 1 },
    ])
  })

  it.each(metrics)('ends a %s search at the deadline with what it has', (metric) => {
    const index = new SparseIndex(10)
    const random = randomSource(1)
    for (let i = 0; i < 20_000; i++) index.add(skewedVector(random, 10, 3, false))
    const query = SparseVector.fromDense([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    const budget = { deadline: performance.now() - 1, evaluationsPerStep: 1 }
    const cut = index.search(query, 20_000, { metric, budget })
    expect(cut.complete).toBe(false)
    expect(cut.slots.length).toBeGreaterThan(0)
    expect(index.search(query, 20_000, { metric }).complete).toBe(true)
    const signal = AbortSignal.abort()
    expect(() => index.search(query, 1, { metric, budget: { signal } })).toThrow(expect.objectContaining({ code: 'ABORTED' }))
  })

  it('refuses what it cannot hold or find', () => {
    const index = new SparseIndex(2)
    const slot = index.add(SparseVector.fromDense([1, 2]))
    const refused = (code: string) => expect.objectContaining({ code })
    expect(() => index.add(SparseVector.fromDense([1]))).toThrow(refused('DIMENSION_MISMATCH'))
    expect(() => index.replace(slot, SparseVector.fromDense([NaN, 2]))).toThrow(refused('INVALID_VECTOR'))
    expect(() => index.search(SparseVector.fromDense([Infinity, 2]), 1)).toThrow(refused('INVALID_VECTOR'))
    expect(() => index.search(SparseVector.fromDense([1, 2]), 0)).toThrow(refused('INVALID_ARGUMENT'))
    expect(() => index.search(SparseVector.fromDense([1, 2]), 1, { metric: 'hamming' as SparseMetric })).toThrow(
      /no metric hamming/,
    )
    expect(() => index.replace(7, SparseVector.fromDense([1, 2]))).toThrow(refused('NOT_FOUND'))
    expect(() => index.get(7)).toThrow(refused('NOT_FOUND'))
    expect(index.delete(7)).toBe(false)
    expect([...index.get(slot).toDense()]).toEqual([1, 2])
  })
})
