import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, finishedGraph, type GraphTestOptions, loadedGraph } from '../testing/build-graph.js'
import { seedsOf } from './among-allowed.js'
import type { GraphImage, GraphSection } from './graph-image.js'
import { MemoryPool } from './memory-pool.js'
import { metrics } from './metric.js'
import type { GraphSource } from './partial-graph.js'
import { type GraphSearchOptions, ResidentGraph } from './resident-graph.js'

const [dimensions, count, queryCount] = [24, 1500, 20]

/** A source that tells how many bytes were read of it, and can be made to fail. */
class CountingSource implements GraphSource {
  readonly #sections: Record<string, Uint8Array>
  readonly #pieceBytes: number
  readBytes = 0
  failing: Error | undefined

  constructor({ sections }: GraphImage, pieceBytes: number) {
    this.#sections = sections
    this.#pieceBytes = pieceBytes
  }

  fill(section: GraphSection, target: Uint8Array): void {
    this.readInto(section, 0, target)
  }

  readInto(section: GraphSection, start: number, target: Uint8Array): void {
    if (this.failing) throw this.failing
    this.readBytes += target.byteLength
    target.set(this.#sections[section]!.subarray(start, start + target.byteLength))
  }

  pieces(section: GraphSection) {
    let readBytes = 0
    return {
      get readBytes() {
        return readBytes
      },
      advance: (target: Uint8Array): boolean => {
        const piece = target.subarray(readBytes, readBytes + this.#pieceBytes)
        this.readInto(section, readBytes, piece)
        readBytes += piece.byteLength
        return readBytes === this.#sections[section]!.byteLength
      },
    }
  }

  damaged(section: GraphSection): Error {
    return new Error(`${section} are damaged`)
  }
}

describe('a graph that is loaded while it is walked', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const vectors = clusteredVectors(count, dimensions, 1)
  const queries = clusteredVectors(queryCount, dimensions, 2)
  const images = new Map<string, GraphImage>()

  function imageOf(options: Omit<GraphTestOptions, 'dimensions'>): GraphImage {
    const name = JSON.stringify(options)
    const image = images.get(name) ?? finishedGraph(begunGraph(pool, vectors, { dimensions, mode: 'memory', ...options }))
    images.set(name, image)
    return image
  }

  /** In memory that holds anything but what was read. */
  function begun(image: GraphImage, source: GraphSource): ResidentGraph {
    const dirt = pool.allocate(4 * 1024 ** 2)
    dirt.view().fill(0xa5)
    dirt.free()
    return ResidentGraph.begin(pool, image.header, source)
  }

  const allowed = Uint32Array.from({ length: Math.ceil(count / 32) }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0)
  const searching: fc.Arbitrary<GraphSearchOptions> = fc.oneof(
    fc.record({ ef: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ ef: fc.integer({ min: 513, max: 700 }), keep: fc.constant(10) }),
    fc.record({ ef: fc.integer({ min: 1, max: 80 }), allowed: fc.constant(allowed) }),
    fc.record({ ef: fc.integer({ min: 20, max: 80 }), bound: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ ef: fc.constant(30), budget: fc.record({ evaluationsPerStep: fc.integer({ min: 1, max: 50 }) }) }),
  )
  const filtered = { ef: 20, least: 5, allowed, allowedCount: count >> 1, seeds: seedsOf(allowed, count >> 1) }
  const query = fc.nat({ max: queryCount - 1 }).map((i) => vectorAt(queries, dimensions, i))
  const use = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('search' as const), query, options: searching }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('advance' as const), times: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('filter' as const), query }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('scan' as const), query, k: fc.integer({ min: 1, max: 20 }) }) },
  )

  test.each(metrics.flatMap((metric) => (['int8', 'float32'] as const).map((codes) => ({ metric, codes }))))(
    'answers as a whole one, evaluation for evaluation: $metric, $codes',
    ({ metric, codes }) => {
      const image = imageOf({ metric, codes })
      const whole = loadedGraph(pool, image)
      fc.assert(
        fc.property(fc.array(use, { minLength: 1, maxLength: 12 }), fc.integer({ min: 100, max: 40_000 }), (uses, pieceBytes) => {
          const graph = begun(image, new CountingSource(image, pieceBytes))
          for (const each of uses) {
            if (each.kind === 'advance') for (let i = 0; i < each.times; i++) graph.advance()
            else if (each.kind === 'scan')
              expect(graph.scan(each.query, { k: each.k })).toEqual(whole.scan(each.query, { k: each.k }))
            else {
              const options = each.kind === 'filter' ? filtered : each.options
              expect(graph.search(each.query, options)).toEqual(whole.search(each.query, options))
            }
          }
          graph.free()
        }),
        { numRuns: 30 },
      )
      whole.free()
    },
  )

  test('reads what a walk comes to, nothing twice, and nothing more once it is whole', () => {
    const image = imageOf({ metric: 'l2' })
    const source = new CountingSource(image, 10_000)
    const graph = begun(image, source)
    const all = Object.values(image.sections).reduce((sum, { byteLength }) => sum + byteLength, 0)
    const first = () => graph.search(vectorAt(queries, dimensions, 0), { ef: 10 })
    first()
    expect(source.readBytes).toBeLessThan(all / 2)
    const once = source.readBytes
    first()
    expect(source.readBytes).toBe(once)
    expect(graph.isWhole).toBe(false)
    graph.finish()
    expect(graph.isWhole).toBe(true)
    const whole = source.readBytes
    for (let i = 0; i < queryCount; i++) graph.search(vectorAt(queries, dimensions, i), { ef: 50 })
    graph.advance()
    expect(source.readBytes).toBe(whole)
    graph.free()
  })

  test('a read that fails ends the walk, and the next one goes on', () => {
    const image = imageOf({ metric: 'cosine' })
    const source = new CountingSource(image, 10_000)
    const used = pool.bytesUsed
    const graph = begun(image, source)
    const query = vectorAt(queries, dimensions, 3)
    source.failing = new Error('the disk is gone')
    expect(() => graph.search(query, { ef: 30 })).toThrow('the disk is gone')
    expect(() => graph.advance()).toThrow('the disk is gone')
    source.failing = undefined
    const whole = loadedGraph(pool, image)
    expect(graph.search(query, { ef: 30 })).toEqual(whole.search(query, { ef: 30 }))
    whole.free()
    graph.free()
    source.failing = new Error('the disk is gone')
    expect(() => begun(image, source)).toThrow('the disk is gone')
    const held = pool.bytesUsed
    expect(() => begun(image, source)).toThrow('the disk is gone')
    expect(pool.bytesUsed).toBe(held)
    expect(held).toBeGreaterThanOrEqual(used)
  })

  test('a link to no node is damage', () => {
    const image = imageOf({ metric: 'l2' })
    const links = new Uint32Array(image.sections.links!.slice().buffer).fill(count)
    const damaged = { ...image, sections: { ...image.sections, links: new Uint8Array(links.buffer) } }
    const graph = begun(damaged, new CountingSource(damaged, 10_000))
    expect(() => graph.search(vectorAt(queries, dimensions, 0), { ef: 10 })).toThrow('links are damaged')
    graph.free()
  })

  test('others that share its memory are told where it is only when it is whole', () => {
    const image = imageOf({ metric: 'dot' })
    const source = new CountingSource(image, 10_000)
    const graph = begun(image, source)
    expect(graph.memory.place.capacity).toBe(count)
    expect(graph.isWhole).toBe(true)
    expect(graph.audit()).toBe(0)
    graph.free()
  })
})
