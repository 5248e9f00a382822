import { blockStartLevel, graphLayout, noNode } from '@quiverdb/kernel'
import { alignUp } from './arena.js'
import type { GraphMemory } from './graph-memory.js'
import type { Extent } from './memory-pool.js'

const { index: field, bytes: graphBytes } = graphLayout
const alignment = 64

/**
 * A copy of what lives on the upper levels of a graph with blocks, as a graph of its own whose level 0 is the one that walks over blocks start from. In
 * the blocks those rows lie far apart, one to a page, and every search comes by them: here they are a few pages. Node i of it is node `names[i]` of the
 * graph. Undefined where there is next to nothing, or no room.
 */
export function copyUpper(memory: GraphMemory): Extent | undefined {
  const { arena, pool, nodes, layout, parameters } = memory
  const levels = memory.section('levels').pointer
  const levelOf = (node: number): number => arena.u8[levels + node]!
  const names: number[] = []
  let listsBytes = 0
  const listBytes = 4 * parameters.m
  for (let node = 0; node < nodes; node++) {
    if (levelOf(node) < blockStartLevel) continue
    names.push(node)
    listsBytes += listBytes * (levelOf(node) - blockStartLevel)
  }
  if (names.length < 2) return undefined
  const count = names.length
  let end = 0
  const reserve = (bytes: number): number => {
    const start = end
    end += alignUp(bytes, alignment)
    return start
  }
  const at = {
    descriptor: reserve(graphBytes),
    names: reserve(4 * count),
    codes: reserve(layout.stride * count),
    links: reserve(listBytes * count),
    levels: reserve(count),
    upperOffsets: reserve(4 * count),
    upperLinks: reserve(listsBytes),
  }
  const extent = pool.allocateBeside(arena, end)
  if (!extent) return undefined
  const { u8, u32, i32 } = arena
  const { pointer } = extent
  const places = new Map(names.map((node, place) => [node, place]))
  const copyList = (node: number, level: number, target: number): void => {
    const from = memory.listOf(node, level) / 4
    for (let i = 0; i < parameters.m; i++) u32[target / 4 + i] = places.get(u32[from + i]!) ?? noNode
  }
  let lists = 0
  names.forEach((node, place) => {
    const row = memory.rows.pointer + node * memory.rows.stride
    u32[(pointer + at.names) / 4 + place] = node
    u8.copyWithin(pointer + at.codes + place * layout.stride, row, row + layout.stride)
    copyList(node, blockStartLevel, pointer + at.links + place * listBytes)
    u8[pointer + at.levels + place] = levelOf(node) - blockStartLevel
    u32[(pointer + at.upperOffsets) / 4 + place] = lists
    for (let level = blockStartLevel + 1; level <= levelOf(node); level++) {
      copyList(node, level, pointer + at.upperLinks + lists)
      lists += listBytes
    }
  })
  u32.copyWithin(pointer / 4, memory.pointer / 4, (memory.pointer + graphBytes) / 4)
  const set = (name: keyof typeof field, value: number): void => {
    i32[pointer / 4 + field[name]] = value
  }
  for (const name of ['codes', 'links', 'levels', 'upperOffsets', 'upperLinks', 'names'] as const) set(name, pointer + at[name])
  set('nodes', count)
  set('capacity', count)
  set('m0', parameters.m)
  set('stride', layout.stride)
  set('linkStride', listBytes)
  set('entry', places.get(memory.entry)!)
  set('maxLevel', memory.maxLevel - blockStartLevel)
  set('groupsOffset', 0)
  set('gone', 0)
  return extent
}
