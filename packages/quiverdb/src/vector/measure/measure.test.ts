import { describe, expect, test } from 'vitest'
import { arcCosine } from './arc-cosine.js'
import { composite, compositePresets } from './composite.js'
import { geographicVector } from './geodesic.js'
import type { DenseMeasure } from './measure.js'
import { measures } from './measures.js'

const vector = (...numbers: number[]) => Float32Array.from(numbers)
const similarity = (measure: DenseMeasure, a: Float32Array, b: Float32Array) => measure.toSimilarity(measure.raw(a, b))

const east = vector(1, 0)
const north = vector(0, 1)
const zero = vector(0, 0)

describe('measures', () => {
  test.each([
    ['cosine', east, north, 0, 0.5],
    ['cosine', east, vector(-2, 0), -1, 0],
    ['cosine', vector(1, 0, 0), vector(1, 1, 0), Math.SQRT1_2, (1 + Math.SQRT1_2) / 2],
    ['dot', vector(1, 0), vector(0.5, 3), 0.5, 0.5],
    ['euclidean', vector(3, 0), vector(0, 4), 5, 1 / 6],
    ['angular', east, north, Math.PI / 2, 0.5],
    ['angular', east, vector(-1, 0), Math.PI, 0],
    ['angular', east, vector(0.707, 0.707), Math.PI / 4, 0.75],
    ['geodesic', east, north, Math.PI / 2, 0.5],
    ['manhattan', vector(1, 0, 3), vector(0, 2, 1), 5, 1 / 6],
    ['manhattan', vector(1, 0, 2, 0), vector(0, 3, 0, 4), 10, 1 / 11],
    ['chebyshev', vector(1, 0, 3), vector(0, 2, 0), 3, 0.25],
    ['jaccard', vector(1, 1, 0), vector(1, 0, 0), 0.5, 0.5],
    ['jaccard', vector(5, -1, 0), vector(0, 1, 7), 1 / 3, 1 / 3],
    ['overlap', vector(1, 1, 0), vector(9, 0, 0), 1, 1],
    ['weightedJaccard', east, vector(2, 0), 0.5, 0.5],
    ['weightedJaccard', vector(1, 0, 3, 0), vector(0, 2, 4, 0), 3 / 7, 3 / 7],
    ['weightedJaccard', vector(1, 2, 3, 4), vector(1, 0, 0, 0), 0.1, 0.1],
  ] as const)('%s of %j and %j is %f, a similarity of %f', (name, a, b, raw, expected) => {
    expect(measures[name].raw(a, b)).toBeCloseTo(raw, 12)
    expect(measures[name].raw(b, a)).toBe(measures[name].raw(a, b))
    expect(similarity(measures[name], a, b)).toBeCloseTo(expected, 12)
  })

  test('two zero vectors, and one', () => {
    const scores = (a: Float32Array, b: Float32Array) =>
      Object.fromEntries(Object.entries(measures).map(([name, measure]) => [name, similarity(measure, a, b)]))
    const unlike = { cosine: 0.5, angular: 0.5, geodesic: 0.5, dot: 0, overlap: 0 }
    const equal = { euclidean: 1, manhattan: 1, chebyshev: 1, jaccard: 1, weightedJaccard: 1 }
    expect(scores(zero, zero)).toEqual({ ...unlike, ...equal })
    const half = { euclidean: 0.5, manhattan: 0.5, chebyshev: 0.5, jaccard: 0, weightedJaccard: 0 }
    expect(scores(zero, east)).toEqual({ ...unlike, ...half })
    expect(composite().raw(zero, zero)).toBeCloseTo(0.75, 12)
    expect(composite().raw(zero, east)).toBeCloseTo(0.35, 12)
  })

  test('composites', () => {
    const across = (name: keyof typeof compositePresets) => composite(compositePresets[name]).raw(east, north)
    expect(across('default')).toBeCloseTo(0.3328427, 7)
    expect(across('angularHeavy')).toBeCloseTo(0.4414214, 7)
    expect(across('structuralHeavy')).toBeCloseTo(0.1414214, 7)
    expect(across('conflictDetection')).toBeCloseTo(0.2414214, 7)
    expect(composite().raw(east, vector(-1, 0))).toBeCloseTo(0.3666667, 7)
    expect(composite().raw(east, east)).toBe(1)
    expect(composite({ cosineWeight: 0, structuralWeight: 0, magnitudeWeight: 0 }).raw(east, east)).toBe(0)
    for (const cosineWeight of [-1, NaN, Infinity]) {
      expect(() => composite({ ...compositePresets.default, cosineWeight })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
  })

  test('engine scores are the cosine, the product, and 1 / (1 + distance)', () => {
    expect(measures.cosine.toEngineScore(-1)).toBe(-1)
    expect(measures.dot.toEngineScore(7)).toBe(7)
    expect([0, 1, 2, 3, 9, Infinity].map(measures.euclidean.toEngineScore)).toEqual([1, 0.5, 1 / 3, 0.25, 0.1, 0])
  })

  test.each([1e-45, 1e-30, 1e-18, 1, 1e30, 3e38])('equal vectors of numbers like %f have cosine 1 and angle 0', (size) => {
    const a = Float32Array.from({ length: 67 }, (_, i) => size * (1 - (i % 5) / 9))
    expect(measures.cosine.raw(a, a.slice())).toBe(1)
    expect(measures.angular.raw(a, a.slice())).toBe(0)
    expect(
      measures.cosine.raw(
        a,
        a.map((x) => -x),
      ),
    ).toBe(-1)
    expect(measures.euclidean.raw(a, a.slice())).toBe(0)
  })

  test('lengths must agree, and be some', () => {
    for (const measure of [...Object.values(measures), composite()]) {
      expect(() => measure.raw(vector(1, 2), vector(1, 2, 3))).toThrow(expect.objectContaining({ code: 'DIMENSION_MISMATCH' }))
      expect(() => measure.raw(vector(), vector())).toThrow(expect.objectContaining({ code: 'INVALID_VECTOR' }))
    }
  })

  test('the arc cosine is right to the last bits, and exact where it can be', () => {
    expect([1, 0, -1].map(arcCosine)).toEqual([0, Math.PI / 2, Math.PI])
    for (let x = -1; x <= 1; x += 1 / 4096) {
      expect(Math.abs(arcCosine(x) - Math.acos(x))).toBeLessThanOrEqual(1e-15)
      expect(Math.abs(arcCosine(1 - Math.abs(x) * 1e-9) - Math.acos(1 - Math.abs(x) * 1e-9))).toBeLessThanOrEqual(1e-19)
    }
  })
})

describe('places on a globe', () => {
  const earthRadiusKm = 6371
  const distanceKm = (a: Float32Array, b: Float32Array) => earthRadiusKm * measures.geodesic.raw(a, b)

  test('have great-circle distances', () => {
    const [berlin, paris] = [geographicVector(52.52, 13.405), geographicVector(48.8566, 2.3522)]
    expect(distanceKm(berlin, paris)).toBeCloseTo(877.46, 1)
    expect(distanceKm(geographicVector(90, 0), geographicVector(-90, 123))).toBeCloseTo(Math.PI * earthRadiusKm, 3)
    expect(distanceKm(geographicVector(0, 179.5), geographicVector(0, -179.5))).toBeCloseTo((Math.PI * earthRadiusKm) / 180, 2)
  })

  test.each([
    [91, 0],
    [NaN, 0],
    [0, 361],
    [0, NaN],
  ])('refuse %f, %f', (latitude, longitude) => {
    expect(() => geographicVector(latitude, longitude)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
