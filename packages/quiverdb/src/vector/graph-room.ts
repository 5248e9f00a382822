import { arenaBytesMax } from './arena.js'
import { type GraphMode, type GraphParameters, nodeBytes, sectionBytes, sectionsOf } from './graph-image.js'
import { growing } from './growing-graph.js'

/** A section is read and written by one call, in which Linux moves at most so many bytes. */
const sectionBytesMax = 2 ** 31 - 4096
/** Upper lists of a node: it is on 1 / (m - 1) upper levels on average, with 4 m bytes on each. This is for the smallest m, 2. */
const upperBytes = 8
/** Marks of what was visited, keys of a wide search, parents and queue of a repair. Scratch that moves is up to twice as large. */
const scratchBytes = 2 * (2 + 8 + 4 + 4)
/** The number of its vector, in an object. */
const vidBytes = 8
/** What does not depend on the number of nodes: kernel, descriptor, locks, signs of the rotation, tables; an object's directory. */
const fixedBytes = 64 * 1024 ** 2

/**
 * The most nodes of a graph. No section reaches 2 GiB; the graph, the copy in which it grows, and their scratch have room together in one linear
 * memory; and it can be stored as one object.
 */
export function graphNodesMax(
  parameters: Pick<GraphParameters, 'dimensions' | 'm0' | 'codes'>,
  mode: GraphMode,
  objectBytesMax = Infinity,
): number {
  const bytes = sectionBytes({ ...parameters, nodes: 1, upperBytes })
  const widest = Math.max(...sectionsOf(mode).map((name) => (name === 'centre' ? 0 : bytes[name])))
  const own = nodeBytes(parameters, mode) + upperBytes
  const copied = growing(mode)
  const copy = copied === mode ? 0 : nodeBytes(parameters, copied) + upperBytes
  return Math.floor(
    Math.min(
      sectionBytesMax / widest,
      (arenaBytesMax - fixedBytes) / (own + copy + scratchBytes),
      (objectBytesMax - fixedBytes) / (own + vidBytes),
    ),
  )
}
