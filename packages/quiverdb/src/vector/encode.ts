import { rotationRounds } from '@quiverdb/kernel'
import type { Arena } from './arena.js'
import type { MemoryPool } from './memory-pool.js'
import { codesKindOf, type RowKind, type RowLayout } from './row-layout.js'

/** How vectors become rows. */
export interface Encoding {
  readonly dimensions: number
  readonly kind: RowKind
  readonly layout: RowLayout
  /** One of the kernel's transforms into graph space. */
  readonly transform: number
  /** For the transform that adds a coordinate; else 0. */
  readonly phi: number
  /** Address of float32 numbers that are subtracted. Absent: zeros. */
  readonly centre?: number
}

/** Bytes of the two sums behind staged numbers. */
const stagedSumsBytes = 16
const float64Bytes = 8
const float32Bytes = 4

/** Where one vector of a layout is staged while it is encoded. */
export function stagingFor(pool: MemoryPool, arena: Arena, dimensions: number): number {
  return pool.scratch(arena, 'staging', (float64Bytes + float32Bytes) * (dimensions + 16) + stagedSumsBytes)
}

/** The signs of the rotation of so many numbers. They keep their place. */
export function rotationSigns(pool: MemoryPool, arena: Arena, numbers: number): number {
  let isNew = false
  const signs = pool.scratch(arena, `signs of ${numbers}`, float32Bytes * rotationRounds * numbers, () => (isNew = true))
  if (isNew) arena.kernel.rotationSigns(signs, numbers, rotationRounds)
  return signs
}

/** Encodes tightly packed vectors (a chunk at most) as rows at `target`, an address of the arena. Returns the greatest squared norm. */
export function encodeAt(pool: MemoryPool, arena: Arena, vectors: Float32Array, target: number, encoding: Encoding): number {
  const { dimensions, kind, layout, transform, phi } = encoding
  const { source, staging, centre, signs } = placeEncoding(pool, arena, vectors.byteLength, encoding)
  arena.f32.set(vectors, source / float32Bytes)
  const { codeBytes, stride } = layout
  const count = vectors.length / dimensions
  const codesKind = codesKindOf(kind)
  const { kernel } = arena
  return kernel.encodeRows(
    source,
    count,
    dimensions,
    transform,
    phi,
    centre,
    signs,
    target,
    stride,
    codesKind,
    codeBytes,
    staging,
  )
}

/** Scratch that encoding so many bytes of vectors needs. */
export function placeEncoding(
  pool: MemoryPool,
  arena: Arena,
  vectorsBytes: number,
  { dimensions, kind, layout, centre }: Encoding,
) {
  return {
    source: pool.scratch(arena, 'source', vectorsBytes),
    staging: stagingFor(pool, arena, dimensions),
    centre: centre ?? pool.scratch(arena, 'zeros', float32Bytes * dimensions, () => {}),
    signs: kind === 'int7' ? rotationSigns(pool, arena, layout.codeBytes) : 0,
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
