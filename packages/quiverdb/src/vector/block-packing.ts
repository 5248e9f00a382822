import { blockLayout } from './block-layout.js'
import { sectionBytes } from './graph-image.js'
import { GraphMemory } from './graph-memory.js'

/** A copy of a graph's rows and links in blocks. @throws QuiverError MEMORY_FULL */
export function packedBlocks(memory: GraphMemory): GraphMemory {
  const packed = unsignedBlocks(memory)
  packed.arena.kernel.packBlocks(packed.pointer, 0, packed.nodes)
  return packed
}

/** As `packedBlocks`, but for the neighbours' signs, which the kernel's `packBlocks` has yet to write. @throws QuiverError MEMORY_FULL */
export function unsignedBlocks(memory: GraphMemory): GraphMemory {
  const header = memory.header()
  const { nodes } = header
  const { pool, parameters, phi, layout } = memory
  const packed = new GraphMemory(pool, parameters, 'speed', phi, nodes, header.upperBytes)
  const bytes = sectionBytes(header)
  for (const name of ['upperOffsets', 'upperLinks', 'levels', 'centre'] as const)
    packed.section(name).view().set(memory.section(name).view().subarray(0, bytes[name]))
  packed.norm2Max = memory.norm2Max
  packed.nodes = nodes
  packed.setEntry(header.entry, header.maxLevel)
  copyStrided(memory, packed, 'rows', layout.stride)
  copyStrided(memory, packed, 'links', 4 * parameters.m0)
  return packed
}

/** Takes rows and links out of the blocks of so many nodes. */
export function unpackBlocks(blocks: Uint8Array, nodes: number, memory: GraphMemory): void {
  const { m0, dimensions } = memory.parameters
  const rowBytes = memory.layout.stride
  const { linksOffset, stride } = blockLayout(dimensions, m0)
  const rows = memory.section('codes').view()
  const links = memory.section('links').view()
  for (let node = 0; node < nodes; node++) {
    const at = node * stride
    rows.set(blocks.subarray(at, at + rowBytes), node * rowBytes)
    links.set(blocks.subarray(at + linksOffset, at + linksOffset + 4 * m0), node * 4 * m0)
  }
}

function copyStrided(from: GraphMemory, to: GraphMemory, what: 'rows' | 'links', bytes: number): void {
  const source = from[what]
  const target = to[what]
  const read = from.arena.u8
  const write = to.arena.u8
  for (let node = 0; node < from.nodes; node++) {
    const at = source.pointer + node * source.stride
    write.set(read.subarray(at, at + bytes), target.pointer + node * target.stride)
  }
}
