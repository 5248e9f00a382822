import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { SparseVector, SparseVectorBuilder } from '../../index.js'

const dense = (...values: number[]): SparseVector => SparseVector.fromDense(values)
const list = (vector: SparseVector): number[] => [...vector.toDense()]

describe('conformance', () => {
  test('dot products with sparse and dense vectors', () => {
    expect(dense(1, 0, 2, 0).dot(dense(0, 3, 4, 0))).toBe(8)
    expect(dense(1, 0, 2, 0).dotDense([1, 2, 3, 4])).toBe(7)
  })

  test('sums leave zeros out', () => {
    const sum = dense(1, 0, 2, 0).add(dense(0, 3, -2, 4))
    expect(list(sum)).toEqual([1, 3, 0, 4])
    expect(sum.nnz).toBe(3)
  })

  test('length and direction', () => {
    expect(dense(3, 0, 4).magnitude()).toBe(5)
    expect(dense(3, 0, 4).normalize()!.magnitude()).toBeCloseTo(1, 6)
    expect(new SparseVector(3).normalize()).toBeNull()
    expect(dense(1e-39).normalize(), 'a subnormal length').toBeNull()
    expect(dense(1e38, 1e38).normalize()!.magnitude()).toBeCloseTo(1, 6)
  })

  test('measures of sets', () => {
    const a = SparseVector.fromParts(3, [0, 1], [5, -2])
    expect(a.jaccardIndex(SparseVector.fromParts(3, [1, 2], [1, 1]))).toBeCloseTo(1 / 3, 12)
    expect(a.overlapCoefficient(SparseVector.fromParts(3, [1], [9]))).toBe(1)
    expect(dense(1, 0).weightedJaccard(dense(2, 0))).toBe(0.5)
    expect(dense(1, 0, 3, 0).weightedJaccard(dense(0, 2, 4, 0))).toBeCloseTo(3 / 7, 12)
    expect(dense(1, 2, 3, 4).weightedJaccard(dense(1, 0, 0, 0))).toBeCloseTo(0.1, 12)
  })

  test('distances', () => {
    expect(dense(1, 0, 2, 0).euclideanDistance(dense(0, 3, 0, 4))).toBeCloseTo(Math.sqrt(30), 12)
    expect(dense(1, 0, 2, 0).euclideanDistanceSquared(dense(0, 3, 0, 4))).toBe(30)
    expect(dense(1, 0, 2, 0).manhattanDistance(dense(0, 3, 0, 4))).toBe(10)
    expect(dense(1, 0, 3).manhattanDistance(dense(0, 2, 1))).toBe(5)
    expect(dense(1, 0, 3).chebyshevDistance(dense(0, 2, 1))).toBe(2)
  })

  test('angles', () => {
    expect(dense(1, 0).angularDistance(dense(0, 1))).toBeCloseTo(Math.PI / 2, 12)
    expect(dense(1, 0).geodesicDistance(dense(-2, 0))).toBeCloseTo(Math.PI, 12)
  })

  test('weighted averages', () => {
    expect(list(dense(4, 0).weightedAverage(dense(0, 8), 3, 1))).toEqual([3, 2])
    expect(list(dense(2, 0, 4).weightedAverage(dense(0, 6, 0), 1, 1))).toEqual([1, 3, 2])
    expect(dense(4, 0).weightedAverage(dense(0, 8), 0, 0).isZero).toBe(true)
  })

  test('projections', () => {
    expect(list(dense(1, 1).projectOrthogonal(dense(1, 0)))).toEqual([0, 1])
    expect(list(dense(1, 1).projectOrthogonal(new SparseVector(2)))).toEqual([1, 1])
  })

  test('thresholds and differences', () => {
    expect([...SparseVector.fromDenseWithThreshold([0.01, 1, 0.02, 2, 0.001], 0.05).positions]).toEqual([1, 3])
    expect([...SparseVector.fromDiff([1, 2, 3, 4], [1, 2.5, 3, 5], 0)]).toEqual([
      [1, 0.5],
      [3, 1],
    ])
  })

  test('bounds', () => {
    const max = 2 ** 32 - 1
    expect(() => new SparseVector(2 ** 32)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: { dimension: 2 ** 32, max } }),
    )
    expect(() => SparseVector.fromParts(5, [0, 2, 10], [1, 1, 1])).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { index: 10, dimension: 5 } }),
    )
    expect(() => new SparseVector(5).set(5, 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { index: 5, dimension: 5 } }),
    )
    const wide = SparseVector.fromParts(max, [max - 1], [2])
    expect(wide.get(max - 1)).toBe(2)
    expect(wide.inBounds(max)).toBe(false)
  })

  test('vectors of zeros', () => {
    const zero = new SparseVector(2)
    expect(dense(1, 2).cosineSimilarity(zero)).toBe(0)
    expect(dense(1, 2).cosineDistanceDense([0, 0])).toBe(1)
    expect(zero.cosineDistanceDense([1, 2])).toBe(1)
    expect(zero.jaccardIndex(zero)).toBe(1)
    expect(zero.jaccardIndex(dense(1, 0))).toBe(0)
    expect(zero.overlapCoefficient(zero)).toBe(0)
    expect(zero.weightedJaccard(zero)).toBe(1)
    expect(new SparseVector(0).sparsity).toBe(0)
  })
})

describe('numbers that are not finite', () => {
  it.each([NaN, Infinity, -Infinity])('%s has no direction and is far away', (value) => {
    const broken = dense(value, 1)
    expect(broken.cosineSimilarity(dense(1, 1))).toBe(0)
    expect(broken.cosineDistanceDense([1, 1])).toBe(1)
    expect(dense(1, 1).cosineDistanceDense([value, 1])).toBe(1)
    expect(broken.euclideanDistance(dense(1, 1))).toBeCloseTo(3.4028234663852886e38, -30)
    expect(broken.manhattanDistance(dense(1, 1))).toBeCloseTo(3.4028234663852886e38, -30)
    expect(broken.normalize()).toBeNull()
  })
})

describe('making vectors', () => {
  it('keeps the last value of a position, in whatever order they come', () => {
    expect(list(SparseVector.fromParts(4, [3, 1, 3, 0, 1], [1, 2, 3, 0, 0]))).toEqual([0, 2, 0, 3])
    const built = new SparseVectorBuilder(4).push(3, 1).push(1, 2).push(3, 3).push(1, 0).build()
    expect(list(built)).toEqual([0, 2, 0, 3])
    expect(built.dot(built)).toBe(13)
  })

  it('refuses lists of different lengths and numbers that are no positions', () => {
    expect(() => SparseVector.fromParts(4, [1], [])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    for (const position of [-1, 1.5, NaN]) {
      expect(() => SparseVector.fromParts(4, [position], [1])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
      expect(() => new SparseVectorBuilder(4).push(position, 1)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
    expect(() => new SparseVector(-1)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('refuses to combine vectors of different dimensions', () => {
    const mismatch = expect.objectContaining({ code: 'DIMENSION_MISMATCH', details: { expected: 2, actual: 3 } })
    const [a, b] = [dense(1, 2), dense(1, 2, 3)]
    const operations = [
      () => a.dot(b),
      () => a.dotDense([1, 2, 3]),
      () => a.add(b),
      () => a.weightedAverage(b, 0, 0),
      () => a.jaccardIndex(b),
      () => SparseVector.fromDiff([1, 2], [1, 2, 3], 0),
    ]
    for (const operation of operations) expect(operation).toThrow(mismatch)
  })

  it('counts its bytes', () => {
    const vector = SparseVector.fromParts(1000, [1, 2], [3, 4])
    expect(vector.denseMemoryBytes()).toBe(4000)
    expect(vector.memoryBytes()).toBe(24)
    expect(vector.compressionRatio()).toBeCloseTo(4000 / 24, 9)
    expect(SparseVector.withCapacity(1000, 10).memoryBytes()).toBe(88)
  })
})

const dimension = 40
const numbers = fc.oneof(
  { arbitrary: fc.constant(0), weight: 2 },
  { arbitrary: fc.integer({ min: -8, max: 8 }), weight: 2 },
  fc.float({ min: -100, max: 100, noNaN: true }).map((value) => (Math.abs(value) < 1e-30 ? 0 : value)),
)
const denseArrays = fc.array(numbers, { minLength: dimension, maxLength: dimension })

describe('the same as dense arithmetic', () => {
  const sum = (a: number[], of: (x: number, i: number) => number): number => a.reduce((total, x, i) => total + of(x, i), 0)

  test('measures', () => {
    fc.assert(
      fc.property(denseArrays, denseArrays, (a, b) => {
        const [x, y] = [SparseVector.fromDense(a), SparseVector.fromDense(b)]
        const shared = a.filter((value, i) => value !== 0 && b[i] !== 0).length
        const either = a.filter((value, i) => value !== 0 || b[i] !== 0).length
        expect(x.dot(y)).toBeCloseTo(
          sum(a, (value, i) => value * b[i]!),
          6,
        )
        expect(x.dot(y)).toBe(y.dot(x))
        expect(x.dotDense(b)).toBeCloseTo(x.dot(y), 6)
        expect(x.euclideanDistanceSquared(y)).toBeCloseTo(
          sum(a, (value, i) => (value - b[i]!) ** 2),
          6,
        )
        expect(x.manhattanDistance(y)).toBeCloseTo(
          sum(a, (value, i) => Math.abs(value - b[i]!)),
          6,
        )
        expect(x.chebyshevDistance(y)).toBe(Math.max(...a.map((value, i) => Math.abs(value - b[i]!))))
        expect(x.jaccardIndex(y)).toBe(either ? shared / either : 1)
        expect(x.cosineDistanceDense(b)).toBeCloseTo(1 - x.cosineSimilarity(y), 9)
        const larger = sum(a, (value, i) => Math.max(Math.abs(value), Math.abs(b[i]!)))
        const smaller = sum(a, (value, i) => Math.min(Math.abs(value), Math.abs(b[i]!)))
        expect(x.weightedJaccard(y)).toBeCloseTo(larger ? smaller / larger : 1, 9)
      }),
    )
  })

  test('arithmetic', () => {
    fc.assert(
      fc.property(denseArrays, denseArrays, numbers, (a, b, factor) => {
        const [x, y] = [SparseVector.fromDense(a), SparseVector.fromDense(b)]
        expect(list(x.add(y))).toEqual(a.map((value, i) => Math.fround(value + b[i]!)))
        expect(list(x.sub(y))).toEqual(a.map((value, i) => Math.fround(value - b[i]!)))
        const product = a.map((value) => Math.fround(factor * value) + 0)
        expect(list(x.scale(factor))).toEqual(product)
        expect(x.scale(factor).nnz).toBe(product.filter((value) => value !== 0).length)
        // What is left has nothing along the direction, up to float32.
        const rest = x.projectOrthogonal(y)
        expect(Math.abs(rest.dot(y))).toBeLessThanOrEqual(1e-5 * (1 + x.magnitude() * y.magnitude()))
      }),
    )
  })

  test('short against long vectors', () => {
    const places = fc.uniqueArray(fc.nat(9999), { minLength: 500, maxLength: 1500 })
    fc.assert(
      fc.property(places, fc.uniqueArray(fc.nat(9999), { maxLength: 20 }), (long, short) => {
        const a = SparseVector.fromParts(
          10_000,
          long,
          long.map((place) => 1 + (place % 7)),
        )
        const b = SparseVector.fromParts(
          10_000,
          short,
          short.map((place) => 1 + (place % 5)),
        )
        const shared = short.filter((place) => long.includes(place))
        expect(a.dot(b)).toBe(shared.reduce((total, place) => total + (1 + (place % 7)) * (1 + (place % 5)), 0))
        expect(b.jaccardIndex(a)).toBe(shared.length / (long.length + short.length - shared.length))
      }),
      { numRuns: 50 },
    )
  })

  test('changes one after the other', () => {
    const change = fc.oneof(
      fc.record({ position: fc.nat(dimension - 1), value: numbers }),
      fc.record({ pruneBelow: fc.float({ min: 0, max: 4, noNaN: true }) }),
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const vector = new SparseVector(dimension)
        const model = new Float32Array(dimension)
        for (const step of changes) {
          if ('pruneBelow' in step) {
            expect(list(vector.pruned(step.pruneBelow))).toEqual([...model.map((x) => (Math.abs(x) < step.pruneBelow ? 0 : x))])
            vector.prune(step.pruneBelow)
            model.forEach((x, i) => (model[i] = Math.abs(x) < step.pruneBelow ? 0 : x))
          } else {
            vector.set(step.position, step.value)
            model[step.position] = step.value
          }
          expect(list(vector)).toEqual([...model])
          expect(vector.nnz).toBe(model.filter((x) => x !== 0).length)
          expect([...vector.positions]).toEqual([...vector].map(([position]) => position))
        }
        for (let i = 0; i < dimension; i++) expect([vector.get(i), vector.hasValue(i)]).toEqual([model[i], model[i] !== 0])
      }),
    )
  })
})
