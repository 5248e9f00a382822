import { referenceDistance } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'

interface Nearest {
  readonly id: number
  readonly distance: number
}

/** An index by definition: a map that is looked through. */
class Model {
  readonly vectors = new Map<number, Float32Array>()
  readonly #metric: Metric

  constructor(metric: Metric) {
    this.#metric = metric
  }

  nearest(query: Float32Array, k: number, allowed: (id: number) => boolean): Nearest[] {
    const all = [...this.vectors].filter(([id]) => allowed(id))
    const scored = all.map(([id, vector]) => ({ id, distance: referenceDistance(this.#metric, query, vector) }))
    return scored.sort((a, b) => a.distance - b.distance || a.id - b.id).slice(0, k)
  }

  /** The id in the given place, counted around, so that random numbers always hit. */
  pick(place: number): number | undefined {
    const ids = [...this.vectors.keys()].sort((a, b) => a - b)
    return ids.length ? ids[place % ids.length] : undefined
  }
}

const dimensions = 3
/** Enough that searches walk. */
const baseRows = 700
// Few values: many vectors are equal, or lie on a line.
const number = fc.integer({ min: -2, max: 2 }).map((x) => x / 2)
const vector = fc.array(number, { minLength: dimensions, maxLength: dimensions }).filter((v) => v.some((x) => x !== 0))
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('add' as const), vectors: fc.array(vector, { minLength: 1, maxLength: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copies' as const), vector, count: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), places: fc.array(fc.nat(), { minLength: 1, maxLength: 50 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      places: fc.array(fc.nat(), { minLength: 1, maxLength: 30 }),
      vector,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('search' as const),
      vector,
      k: fc.integer({ min: 1, max: 12 }),
      modulus: fc.integer({ min: 1, max: 3 }),
    }),
  },
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

function apply(index: HnswIndex, model: Model, operation: Operation): void {
  switch (operation.kind) {
    case 'add':
    case 'copies': {
      const vectors =
        operation.kind === 'add' ? operation.vectors : Array.from({ length: operation.count }, () => operation.vector)
      const ids = index.add(Float32Array.from(vectors.flat()))
      ids.forEach((id, i) => {
        expect(model.vectors.has(id)).toBe(false)
        model.vectors.set(id, Float32Array.from(vectors[i]!))
      })
      return
    }
    case 'delete':
      for (const place of operation.places) {
        const id = model.pick(place)
        if (id === undefined) expect(index.delete(place % 1000)).toBe(false)
        else expect(index.delete(id)).toBe(model.vectors.delete(id))
      }
      return
    case 'replace':
      for (const place of operation.places) {
        const id = model.pick(place)
        if (id === undefined) continue
        index.replace(id, Float32Array.from(operation.vector))
        model.vectors.set(id, Float32Array.from(operation.vector))
      }
      return
    case 'search':
      search(index, model, operation)
  }
}

function search(index: HnswIndex, model: Model, { vector, k, modulus }: Operation & { kind: 'search' }): void {
  const query = Float32Array.from(vector)
  const isAllowed = (id: number) => id % modulus === 0
  const allowed = new Uint32Array(64)
  for (let id = 0; id < 32 * allowed.length; id += modulus) allowed[id >>> 5]! |= 1 << (id & 31)
  const options = modulus === 1 ? {} : { allowed }
  const expected = model.nearest(query, k, isAllowed)
  const exact = index.searchExact(query, k, options)
  expect(exact.complete).toBe(true)
  expect([...exact.distances].map((distance) => expect.closeTo(distance, 9))).toEqual(expected.map(({ distance }) => distance))
  expect(new Set(exact.ids).size).toBe(expected.length)
  for (const found of [exact, index.search(query, k, { ...options, ef: 60 })]) {
    expect(found.ids).toHaveLength(expected.length)
    expect(new Set(found.ids).size).toBe(found.ids.length)
    found.ids.forEach((id, i) => {
      expect(isAllowed(id)).toBe(true)
      expect(found.distances[i]).toBeCloseTo(model.vectors.has(id) ? distanceOf(index, model, query, id) : NaN, 9)
    })
  }
}

const distanceOf = (index: HnswIndex, model: Model, query: Float32Array, id: number): number => {
  expect(index.get(id)).toEqual(model.vectors.get(id))
  return model.nearest(query, Infinity, (other) => other === id)[0]!.distance
}

describe('HnswIndex against a map', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  test.each(metrics)('any order of operations: %s', (metric) => {
    const base = fc.array(vector, { minLength: baseRows, maxLength: baseRows })
    const beginning = fc.oneof(fc.constant<number[][]>([]), base).map((vectors) => ({ kind: 'add' as const, vectors }))
    const codesKind = fc.constantFrom('int8' as const, 'float32' as const)
    fc.assert(
      fc.property(beginning, fc.array(operation, { maxLength: 60 }), codesKind, (first, operations, codes) => {
        const index = new HnswIndex(pool, { dimensions, metric, codes, m: 4, m0: 8, efConstruction: 24 })
        const model = new Model(metric)
        apply(index, model, first)
        for (const operation of operations) {
          apply(index, model, operation)
          expect(index.size).toBe(model.vectors.size)
          expect(index.audit()).toBe(0)
        }
        expect([...index.ids()]).toEqual([...model.vectors.keys()].sort((a, b) => a - b))
        index.free()
      }),
      { numRuns: 30 },
    )
  })
})
