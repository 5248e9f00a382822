import { clusteredVectors, randomSource } from '@quiverdb/testing'
import { noNode } from '@quiverdb/kernel'
import { afterAll, describe, expect, test } from 'vitest'
import type { GraphImage } from './graph-image.js'
import { GraphUpdates } from './graph-updates.js'
import { HnswBuilder } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import { encodeNodes } from './graph-encoding.js'

const dimensions = 8
const rows = 3000

/** Every link of an image, on all levels, as [from, to]. */
function linksOf({ header, sections }: GraphImage): [number, number][] {
  const { m, m0, nodes } = header
  const words = (bytes: Uint8Array) => new Uint32Array(bytes.slice().buffer)
  const [links, upperLinks, offsets] = [words(sections.links!), words(sections.upperLinks!), words(sections.upperOffsets!)]
  const all: [number, number][] = []
  for (let node = 0; node < nodes; node++) {
    const lists = [links.subarray(node * m0, (node + 1) * m0)]
    for (let level = 0; level < sections.levels![node]!; level++) {
      const start = offsets[node]! / 4 + level * m
      lists.push(upperLinks.subarray(start, start + m))
    }
    for (const list of lists) for (const to of list) if (to !== noNode) all.push([node, to])
  }
  return all
}

describe('GraphUpdates', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  function build(vectors: Float32Array): { builder: HnswBuilder; updates: GraphUpdates } {
    const builder = HnswBuilder.create(pool, {
      dimensions,
      metric: 'l2',
      capacity: vectors.length / dimensions,
      m: 6,
      m0: 12,
      efConstruction: 60,
    })
    builder.append(vectors)
    builder.insertNext(builder.pending)
    return { builder, updates: new GraphUpdates(builder.memory) }
  }

  test('nothing links to a place that is free, on any level', () => {
    const vectors = clusteredVectors(rows, dimensions, 1)
    const { builder, updates } = build(vectors)
    const random = randomSource(2)
    const dead = new Set<number>()
    while (dead.size < rows / 3) {
      const node = Math.floor(random() * rows)
      if (!dead.has(node)) updates.delete(node)
      dead.add(node)
    }
    expect(updates.sweep()).toBe(true)
    expect(updates.free).toBe(dead.size)
    const links = linksOf(builder.memory.image())
    expect(links.length).toBeGreaterThan(rows)
    expect(links.filter(([from, to]) => dead.has(from) || dead.has(to))).toEqual([])
    builder.free()
  })

  test('most links to a deleted node are cut at once', () => {
    const { builder, updates } = build(clusteredVectors(rows, dimensions, 3))
    const pointing = (to: number) => linksOf(builder.memory.image()).filter((link) => link[1] === to).length
    let before = 0
    let after = 0
    for (const node of [10, 500, 1000, 1500, 2999]) {
      before += pointing(node)
      updates.delete(node)
      after += pointing(node)
    }
    expect(before).toBeGreaterThan(25)
    expect(after).toBeLessThan(before / 10)
    builder.free()
  })

  test('a place is filled anew without a link of its old vector', () => {
    const vectors = clusteredVectors(rows, dimensions, 4)
    const { builder, updates } = build(vectors)
    for (let node = 0; node < 500; node++) updates.delete(node)
    updates.sweep()
    // One far from all: whoever links to its place does so for its sake.
    const node = updates.take()!
    encodeNodes(builder.memory, new Float32Array(dimensions).fill(1e3), node)
    const before = linksOf(builder.memory.image())
    updates.insert(node)
    const after = linksOf(builder.memory.image())
    expect(before.filter(([, to]) => to === node)).toEqual([])
    const neighbours = new Set(after.filter(([from]) => from === node).map(([, to]) => to))
    expect(neighbours.size).toBeGreaterThan(0)
    for (const [from, to] of after) if (to === node) expect(neighbours.has(from)).toBe(true)
    builder.free()
  })

  test('a sweep in small steps ends where one in one step does', () => {
    const vectors = clusteredVectors(rows, dimensions, 5)
    const one = build(vectors)
    const other = build(vectors)
    for (const { updates } of [one, other]) for (let node = 7; node < 35; node++) updates.delete(node)
    one.updates.sweep()
    let steps = 0
    while (!other.updates.sweep(100)) steps++
    expect(steps).toBeGreaterThan(rows / 100 - 2)
    expect(linksOf(other.builder.memory.image())).toEqual(linksOf(one.builder.memory.image()))
    one.builder.free()
    other.builder.free()
  })

  test('the entry is always a living node of the highest level', () => {
    const { builder, updates } = build(clusteredVectors(400, dimensions, 6))
    const living = new Set(Array.from({ length: 400 }, (_, node) => node))
    while (living.size) {
      const { header, sections } = builder.memory.image()
      expect(living.has(header.entry)).toBe(true)
      expect(header.maxLevel).toBe(Math.max(...[...living].map((node) => sections.levels![node]!)))
      living.delete(header.entry)
      updates.delete(header.entry)
    }
    expect(builder.memory.entry).toBe(-1)
    builder.free()
  })
})
