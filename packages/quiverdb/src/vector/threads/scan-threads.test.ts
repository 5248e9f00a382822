import { normal, randomSource } from '@quiverdb/testing'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FlatVectors } from '../flat/flat-vectors.js'
import { type FlatSearchOptions, searchFlat } from '../flat/search-flat.js'
import { composite, compositePresets } from '../measure/composite.js'
import { measures } from '../measure/measures.js'
import { MemoryPool } from '../memory-pool.js'
import { ScanThreads } from './scan-threads.js'

const rows = 5000
const dimensions = 20

describe('ScanThreads', () => {
  const random = randomSource(4)
  const number = (): number => (random() < 0.3 ? 0 : normal(random))
  const vector = (): Float32Array => Float32Array.from({ length: dimensions }, number)
  const queries = [vector(), vector(), vector()]
  const allowed = Uint32Array.from({ length: Math.ceil(rows / 32) }, (_, i) => 0x9e3779b9 * (i + 1))
  let pool: MemoryPool
  let threads: ScanThreads
  let vectors: FlatVectors
  beforeAll(async () => {
    pool = await MemoryPool.create({ shared: true })
    threads = await ScanThreads.start(pool, { threads: 3 })
    vectors = new FlatVectors(pool, dimensions)
    for (let i = 0; i < rows; i++) vectors.append(i % 50 ? vector() : queries[0]!)
    // The other threads are there when it counts, not late.
    for (let i = 0; i < 20; i++) {
      threads.scan(vectors, queries[0]!, { measure: measures.dot, k: 1 })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  afterAll(async () => {
    await threads.close()
    pool.close()
  })

  test('answers are those of one thread, bit for bit', () => {
    expect(threads.lanes).toBe(3)
    for (const measure of [...Object.values(measures), composite(), composite(compositePresets.structuralHeavy)]) {
      for (const more of [{}, { allowed }, { allowed: allowed.subarray(0, 9) }, { codes: 'int8' as const }]) {
        for (const k of [1, 120, rows + 1]) {
          const options: FlatSearchOptions = { measure, k, ...more }
          const { evaluations, ...expected } = searchFlat(vectors, queries[0]!, options)
          const found = threads.scan(vectors, queries[0]!, options)
          expect(found).toMatchObject(expected)
          expect(found.evaluations).toBeGreaterThanOrEqual(Math.min(evaluations, k))
        }
      }
    }
  })

  test('many scans, one after the other, of vectors that come', () => {
    const growing = new FlatVectors(pool, dimensions)
    for (let i = 0; i < 150; i++) {
      for (let j = 0; j < 40; j++) growing.append(vector())
      const options = { measure: measures.euclidean, k: 10 }
      const expected = searchFlat(growing, queries, options)
      threads.scanMany(growing, queries, options).forEach((found, query) => {
        expect(found.rows).toEqual(expected[query]!.rows)
        expect(found.distances).toEqual(expected[query]!.distances)
        expect(found.complete).toBe(true)
      })
    }
    growing.free()
  })

  test('a budget ends all of it', () => {
    const late = { deadline: performance.now() - 1, evaluationsPerStep: 1 }
    const found = threads.scan(vectors, queries[0]!, { measure: measures.cosine, k: 5, budget: late })
    expect(found.complete).toBe(false)
    expect(found.evaluations).toBeLessThan(rows / 2)
    const signal = AbortSignal.abort()
    expect(() => threads.scan(vectors, queries[0]!, { measure: measures.cosine, k: 5, budget: { signal } })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    )
    const ample = { deadline: performance.now() + 60_000, evaluationsPerStep: 10 }
    expect(threads.scan(vectors, queries[0]!, { measure: measures.cosine, k: 5, budget: ample }).complete).toBe(true)
  })

  test('one thread is enough where no other can help', async () => {
    const alone = await MemoryPool.create()
    const one = await ScanThreads.start(alone, { threads: 4 })
    expect(one.lanes).toBe(1)
    const others = new FlatVectors(alone, dimensions)
    for (let i = 0; i < 1000; i++) others.append(vector())
    const options = { measure: measures.manhattan, k: 3 }
    expect(one.scan(others, queries[0]!, options)).toEqual(searchFlat(others, queries[0]!, options))
    await one.close()
    expect(() => threads.scan(others, queries[0]!, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    alone.close()
    const short = await ScanThreads.start(pool, { threads: 2 })
    await short.close()
    const { rows: found } = short.scan(vectors, queries[0]!, options)
    expect(found).toEqual(searchFlat(vectors, queries[0]!, options).rows)
  })

  test('says what is wrong', () => {
    expect(() => threads.scan(vectors, new Float32Array(3), { measure: measures.dot, k: 1 })).toThrow(
      expect.objectContaining({ code: 'DIMENSION_MISMATCH' }),
    )
    expect(() => threads.scan(vectors, queries[0]!, { measure: measures.dot, k: 0 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

test('a process waits for its threads to end, and then ends', async () => {
  const program = `
    import { FlatVectors, measures, MemoryPool, ScanThreads } from 'quiverdb'
    for (let round = 0; round < 12; round++) {
      const pool = await MemoryPool.create({ shared: true })
      const threads = await ScanThreads.start(pool, { threads: 3 })
      const vectors = new FlatVectors(pool, 8)
      for (let i = 0; i < 2000; i++) vectors.append(Float32Array.from({ length: 8 }, (_, j) => (i * j) % 7))
      // Its answers are there before the other threads have said that they are done.
      threads.scan(vectors, new Float32Array(8).fill(1), { measure: measures.dot, k: 1 })
      await threads.close()
      pool.close()
    }
    console.log('all closed')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('../../../', import.meta.url),
    timeout: 60_000,
  })
  expect(stdout).toBe('all closed\n')
})
