import type { Arena } from './arena.js'
import type { MemoryPool } from './memory-pool.js'
import { type CodesKind, codesKindOf, type RowLayout } from './row-layout.js'

/** How vectors become rows. */
export interface Encoding {
  readonly dimensions: number
  readonly codes: CodesKind
  readonly layout: RowLayout
  /** One of the kernel's transforms into graph space. */
  readonly transform: number
  /** For the transform that adds a coordinate; else 0. */
  readonly phi: number
  /** Address of float32 numbers that are subtracted. Absent: zeros. */
  readonly centre?: number
}

/** Encodes tightly packed vectors (a chunk at most) as rows at `target`, an address of the arena. Returns the greatest squared norm. */
export function encodeAt(pool: MemoryPool, arena: Arena, vectors: Float32Array, target: number, encoding: Encoding): number {
  const { dimensions, codes, layout, transform, phi } = encoding
  const { source, staging, centre } = placeEncoding(pool, arena, vectors.byteLength, encoding)
  arena.f32.set(vectors, source / 4)
  const { codeBytes, stride } = layout
  const count = vectors.length / dimensions
  const kind = codesKindOf(codes)
  return arena.kernel.encodeRows(source, count, dimensions, transform, phi, centre, target, stride, kind, codeBytes, staging)
}

/** Scratch that encoding so many bytes of vectors needs. */
export function placeEncoding(pool: MemoryPool, arena: Arena, vectorsBytes: number, { dimensions, centre }: Encoding) {
  return {
    source: pool.scratch(arena, 'source', vectorsBytes),
    staging: pool.scratch(arena, 'staging', 8 * (dimensions + 16)),
    centre: centre ?? pool.scratch(arena, 'zeros', 4 * dimensions, () => {}),
  }
}

/** Encodes a query like a row, in scratch. */
export function encodeQuery(
  pool: MemoryPool,
  arena: Arena,
  query: Float32Array,
  encoding: Encoding,
): { pointer: number; norm2: number } {
  const pointer = pool.scratch(arena, 'query', encoding.layout.stride)
  return { pointer, norm2: encodeAt(pool, arena, query, pointer, encoding) }
}
