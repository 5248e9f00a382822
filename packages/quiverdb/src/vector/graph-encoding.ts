import { assert } from '../errors.js'
import { rerankLayout } from './block-layout.js'
import { chunkBytesMax, eachChunk } from './chunks.js'
import { encodeAt, type Encoding, placeEncoding, rotationSigns, stagingFor } from './encode.js'
import type { GraphMemory } from './graph-memory.js'
import { storedTransform } from './metric.js'
import { graphRowKind } from './row-layout.js'

/** How stored vectors become rows of a graph; queries differ in their transform. */
export function encodingOf(memory: GraphMemory): Encoding {
  const { dimensions, metric, codes } = memory.parameters
  const { layout, phi } = memory
  const centre = memory.section('centre').pointer
  return { dimensions, kind: graphRowKind(codes), layout, transform: storedTransform(metric), phi, centre }
}

/** Allocates what encoding so many bytes of vectors needs. @throws QuiverError MEMORY_FULL */
export function reserveEncoding(memory: GraphMemory, vectorsBytes: number): void {
  const chunkBytes = Math.min(vectorsBytes, chunkBytesMax(memory.parameters.dimensions))
  placeEncoding(memory.pool, memory.arena, chunkBytes, encodingOf(memory))
}

/** Encodes tightly packed vectors as the rows from `first` on. */
export function encodeNodes(memory: GraphMemory, vectors: Float32Array, first: number): void {
  const { pool, arena, rows, mode } = memory
  const { dimensions } = memory.parameters
  assert(first + vectors.length / dimensions <= memory.capacity, 'rows fit the capacity of the graph')
  eachChunk(vectors, dimensions, (chunk, offset) => {
    const target = rows.pointer + (first + offset) * rows.stride
    memory.norm2Max = Math.max(memory.norm2Max, encodeAt(pool, arena, chunk, target, encodingOf(memory)))
    if (mode === 'balanced') encodeRerank(memory, chunk, first + offset)
  })
}

function encodeRerank(memory: GraphMemory, vectors: Float32Array, first: number): void {
  const { arena, pool } = memory
  const { dimensions, transform, phi, centre } = encodingOf(memory)
  const { numbers, stride } = rerankLayout(dimensions)
  const source = pool.scratch(arena, 'source', vectors.byteLength)
  const staging = stagingFor(pool, arena, dimensions)
  const signs = rotationSigns(pool, arena, numbers)
  const target = memory.section('rerank').pointer + first * stride
  const count = vectors.length / dimensions
  arena.f32.set(vectors, source / 4)
  arena.kernel.encodeRerankRows(source, count, dimensions, transform, phi, centre!, signs, target, stride, numbers, staging)
}
