import { createChecksum, loadKernel } from '@quiverdb/kernel'
import { clusteredVectors, vectorAt } from '@quiverdb/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concat, Containers } from '../format/container.js'
import { begunGraph, finishedGraph, loadedGraph } from '../testing/build-graph.js'
import { type GraphSection, sectionBytes } from '../vector/graph-image.js'
import { MemoryPool } from '../vector/memory-pool.js'
import { encodeGraphPart, GraphPart } from './graph-part.js'
import { bytesSource, PartFile, type PartSource, whenResident } from './part-file.js'
import { Residency } from './residency.js'

// Long vectors: large enough to be read in pieces, and soon built.
const [dimensions, count] = [4096, 2100]

describe('GraphPart in mode memory', async () => {
  const containers = new Containers(createChecksum(await loadKernel()))
  const building = await MemoryPool.create()
  const vectors = clusteredVectors(count, dimensions, 1)
  const queries = clusteredVectors(8, dimensions, 2)
  const image = finishedGraph(begunGraph(building, vectors, { dimensions, mode: 'memory', m: 6, m0: 12, efConstruction: 20 }))
  const encoded = concat(
    encodeGraphPart(
      containers,
      image.header,
      image.sections,
      Float64Array.from({ length: count }, (_, i) => i),
    ),
  )
  const { links, codes } = sectionBytes(image.header)
  const whole = loadedGraph(building, image)
  const expected = Array.from({ length: 8 }, (_, i) => whole.search(vectorAt(queries, dimensions, i), { ef: 20 }))
  let pool: MemoryPool
  let residency: Residency

  beforeEach(async () => {
    pool = await MemoryPool.create()
    residency = new Residency()
  })
  afterEach(() => pool.close())

  const partOver = (source: PartSource): GraphPart => new GraphPart(source, containers, pool, residency, 'g', count)
  const answer = (part: GraphPart, i: number) =>
    residency.run(() => part.graph().search(vectorAt(queries, dimensions, i), { ef: 20 }))

  function counted(source: PartSource): { source: PartSource; readBytes: () => number } {
    let bytes = 0
    const { sync } = source
    const readInto = (key: string, start: number, target: Uint8Array): number => {
      bytes += target.byteLength
      return sync!.readInto(key, start, target)
    }
    return { source: { ...source, sync: { ...sync!, readInto } }, readBytes: () => bytes }
  }

  /** The part with one bit of a section changed. */
  function damagedIn(section: GraphSection, at: number): PartSource {
    const bytes = encoded.slice()
    bytes[new PartFile(bytesSource(bytes), containers, 'g', 'graph').directory().sections.get(section)!.offset + at]! ^= 1
    return bytesSource(bytes)
  }

  test('answers before it is there, and is whole after a number of searches', () => {
    const { source, readBytes } = counted(bytesSource(encoded))
    const part = partOver(source)
    expect(answer(part, 0)).toEqual(expected[0])
    expect(readBytes()).toBeLessThan((links + codes) / 4)
    let searches = 1
    for (; !part.graph().isWhole; searches++) expect(answer(part, searches % 8)).toEqual(expected[searches % 8])
    expect(searches).toBeLessThan(130)
    const read = readBytes()
    for (let i = 0; i < 8; i++) expect(answer(part, i)).toEqual(expected[i])
    expect(readBytes()).toBe(read)
  })

  test('takes the room of a whole graph from the start, and gives it back at any time', () => {
    const part = partOver(bytesSource(encoded))
    answer(part, 0)
    const used = pool.bytesUsed
    expect(used).toBeGreaterThan(links + codes)
    part.graph().finish()
    expect(pool.bytesUsed).toBe(used)
    residency.release(part)
    const scratch = pool.bytesUsed
    expect(scratch).toBeLessThan(used - links - codes)
    expect(answer(part, 1)).toEqual(expected[1])
    answer(part, 2)
    residency.release(part)
    expect(pool.bytesUsed).toBe(scratch)
    expect(answer(part, 3)).toEqual(expected[3])
  })

  test('leaves the memory to another when that is used, and the other way round', async () => {
    pool.close()
    pool = await MemoryPool.create({ memoryBytesMax: 1.5 * (links + codes) })
    const [one, other] = [partOver(bytesSource(encoded)), partOver(bytesSource(encoded))]
    for (let i = 0; i < 6; i++) expect(answer(i % 2 ? one : other, i)).toEqual(expected[i])
    pool.close()
    pool = await MemoryPool.create({ memoryBytesMax: links + codes })
    const tooLarge = partOver(bytesSource(encoded))
    expect(() => answer(tooLarge, 0)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(pool.bytesUsed).toBe(0)
  })

  test('is read whole from a store that answers later', async () => {
    const { get } = bytesSource(encoded)
    const part = partOver({ get })
    expect(await whenResident(() => answer(part, 0))).toEqual(expected[0])
    expect(part.graph().isWhole).toBe(true)
  })

  test.each<[GraphSection, number]>([
    ['codes', codes - 100],
    ['links', links - 100],
  ])('damaged %s are found when the last piece came, and ever after', (section, at) => {
    const part = partOver(damagedIn(section, at))
    const damage = expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining(section) as string })
    expect(() => {
      for (let i = 0; i < 130; i++) answer(part, i % 8)
    }).toThrow(damage)
    for (let i = 0; i < 3; i++) expect(() => answer(part, i)).toThrow(damage)
    expect(pool.bytesUsed).toBeLessThan(links + codes)
  })

  test('an object that is gone is told of as gone', () => {
    const present = bytesSource(encoded)
    let isGone = false
    const readInto = (key: string, start: number, target: Uint8Array): number =>
      isGone ? -1 : present.sync!.readInto(key, start, target)
    const part = partOver({ ...present, sync: { ...present.sync!, readInto } })
    answer(part, 0)
    isGone = true
    expect(() => answer(part, 1)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })
})
