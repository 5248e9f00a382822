import { noNode } from '@quiverdb/kernel'
import type { GraphMemory } from './graph-memory.js'
import { rerankLayout } from './block-layout.js'

/**
 * Moves the nodes that hold vectors together, in their order; nothing may link to one that is gone. Their numbers change, their levels and
 * links do not.
 */
export function compactGraph(memory: GraphMemory): void {
  const { nodes, entry, maxLevel, parameters, layout, mode } = memory
  const renumbered = numbersAfter(memory)
  const { pointer: upper } = memory.section('upperLinks')
  const { u8, u32 } = memory.arena
  const levels = memory.section('levels').pointer
  const offsets = memory.section('upperOffsets').pointer / 4
  const rerank = mode === 'balanced' ? memory.section('rerank').pointer : undefined
  const { stride: rerankStride } = rerankLayout(parameters.dimensions)
  let used = 0
  let count = 0
  for (let node = 0; node < nodes; node++) {
    if (renumbered[node] === noNode) continue
    const target = count++
    moveBytes(u8, memory.rows.pointer, memory.rows.stride, node, target, layout.stride)
    moveBytes(u8, memory.links.pointer, memory.links.stride, node, target, 4 * parameters.m0)
    if (rerank !== undefined) moveBytes(u8, rerank, rerankStride, node, target, rerankStride)
    const level = u8[levels + node]!
    const bytes = 4 * parameters.m * level
    u8.copyWithin(upper + used, upper + u32[offsets + node]!, upper + u32[offsets + node]! + bytes)
    u8[levels + target] = level
    u32[offsets + target] = used
    used += bytes
    renumber(u32, (memory.links.pointer + target * memory.links.stride) / 4, parameters.m0, renumbered)
    renumber(u32, (upper + used - bytes) / 4, bytes / 4, renumbered)
  }
  memory.keepFirst(count, entry < 0 ? -1 : renumbered[entry]!, maxLevel)
}

/** The number that each node gets; `noNode` for those that are gone. */
function numbersAfter(memory: GraphMemory): Uint32Array {
  const gone = memory.gone()
  const numbers = new Uint32Array(memory.nodes)
  let next = 0
  for (let node = 0; node < numbers.length; node++) numbers[node] = (gone[node >>> 5]! >>> (node & 31)) & 1 ? noNode : next++
  return numbers
}

function moveBytes(u8: Uint8Array, start: number, stride: number, from: number, to: number, bytes: number): void {
  if (from !== to) u8.copyWithin(start + to * stride, start + from * stride, start + from * stride + bytes)
}

function renumber(u32: Uint32Array, start: number, count: number, numbers: Uint32Array): void {
  for (let at = start; at < start + count; at++) {
    const node = u32[at]!
    if (node !== noNode) u32[at] = numbers[node]!
  }
}
