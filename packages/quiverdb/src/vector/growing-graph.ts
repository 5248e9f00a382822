import { QuiverError } from '../errors.js'
import { compactGraph } from './graph-compaction.js'
import {
  checkHeader,
  type GraphImage,
  type GraphMode,
  type GraphParameters,
  parametersOf,
  sectionBytes,
  sectionsOf,
} from './graph-image.js'
import { GraphMemory } from './graph-memory.js'
import { GraphUpdates } from './graph-updates.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { unpackBlocks } from './block-packing.js'

/** The mode of a graph while it grows: blocks are made of one that is finished. */
export const growing = (mode: GraphMode): GraphMode => (mode === 'speed' ? 'memory' : mode)

/** Room for `capacity` nodes, of which the first `present` have `upperBytes` of upper links, and for `upperBytesMin` at any rate. */
export function allocateGraph(
  pool: MemoryPool,
  parameters: GraphParameters,
  mode: GraphMode,
  phi: number,
  capacity: number,
  present: number,
  upperBytes: number,
  upperBytesMin = 0,
): GraphMemory {
  const probe: Extent = pool.allocate(1) // any arena's kernel can tell the levels
  const more = probe.arena.kernel.upperBytes(present, capacity, parameters.seed, parameters.m)
  probe.free()
  return new GraphMemory(pool, parameters, mode, phi, capacity, Math.max(upperBytes + more, upperBytesMin))
}

/** Makes a graph of what was copied into its memory, and all nodes beyond ready to be inserted. */
export function resumeGraph(memory: GraphMemory, nodes: number, entry: number, maxLevel: number, upperBytes: number): void {
  memory.nodes = nodes
  memory.setEntry(entry, maxLevel)
  if (memory.capacity > nodes) memory.arena.kernel.prepareNodes(memory.pointer, nodes, memory.capacity, upperBytes)
}

/** A copy of an image but for its dead nodes: see `HnswBuilder.fromImage`. */
export function graphFromImage(
  pool: MemoryPool,
  image: GraphImage,
  extraCapacity: number,
  mode: GraphMode,
  dead: Uint32Array,
): GraphMemory {
  const { header, sections } = image
  checkHeader(header)
  const { nodes, phi, upperBytes } = header
  if (mode === 'balanced' && header.mode !== 'balanced')
    throw new QuiverError('INVALID_ARGUMENT', `A graph for '${header.mode}' cannot become one for 'balanced'; build it anew.`)
  const kept = upperBytesWithout(image, dead)
  const capacity = nodes + extraCapacity
  const memory = allocateGraph(pool, parametersOf(header), growing(mode), phi, capacity, nodes - dead.length, kept, upperBytes)
  const bytes = sectionBytes(header)
  for (const name of sectionsOf(header.mode)) {
    const section = sections[name]!.subarray(0, bytes[name])
    if (name === 'rerank' && mode !== 'balanced') continue
    if (name === 'blocks') unpackBlocks(section, nodes, memory)
    else memory.section(name).view().set(section)
  }
  memory.norm2Max += header.excessMax
  memory.nodes = nodes
  memory.setEntry(header.entry, header.maxLevel)
  if (dead.length) leaveOut(memory, dead)
  resumeGraph(memory, memory.nodes, memory.entry, memory.maxLevel, kept)
  return memory
}

/** Bytes of the upper links of an image's nodes but those that are dead. */
function upperBytesWithout({ header, sections }: GraphImage, dead: Uint32Array): number {
  return dead.reduce((bytes, node) => bytes - 4 * header.m * sections.levels![node]!, header.upperBytes)
}

function leaveOut(memory: GraphMemory, dead: Uint32Array): void {
  try {
    const updates = new GraphUpdates(memory)
    updates.reserve()
    updates.deleteTogether(dead)
  } catch (error) {
    memory.free()
    throw error
  }
  compactGraph(memory)
}
