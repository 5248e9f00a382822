import { codesKinds, metaBytes, metaBytesInt7 } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { alignUp } from './arena.js'
import { dimensionsMax } from './metric.js'

/** What rows hold: signed bytes, the numbers themselves, or 7-bit codes of rotated vectors in bytes. */
export type RowKind = 'int8' | 'float32' | 'int7'

/** What a graph walks over: 7-bit codes in bytes, or the numbers themselves. */
export type CodesKind = 'int8' | 'float32'

export const codesKindOf = (kind: RowKind): number => codesKinds[kind]

/** A graph rotates what it codes, which leaves 7 bits as exact as 8. */
export const graphRowKind = (codes: CodesKind): RowKind => (codes === 'int8' ? 'int7' : 'float32')

const cacheLineBytes = 64
const codesAlignment = 16

/**
 * A row: [codes, padded][scale, squared norm, extra, residual norm: float32 each][zeros up to a whole cache line], little-endian. int8 codes
 * are signed, of (vector - centre), in steps of scale = greatest magnitude / 127; the residual is what they miss; the squared norm is that of
 * the decoded vector plus the squares of residual and extra. Extra is the graph's uncoded coordinate, or in a block the vector's squared norm.
 * int7 rows hold 64 + code, |code| at most 63, of the rotated difference in steps of greatest magnitude / 63, and a fifth number: the sum of codes (i32).
 */
export interface RowLayout {
  /** Where the four numbers start. */
  readonly codeBytes: number
  /** From row to row. */
  readonly stride: number
}

export function rowLayout(dimensions: number, kind: RowKind): RowLayout {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > dimensionsMax) {
    throw new QuiverError('INVALID_ARGUMENT', `dimensions must be an integer from 1 to ${dimensionsMax}, not ${dimensions}.`)
  }
  const codeBytes = kind === 'float32' ? alignUp(4 * dimensions, cacheLineBytes) : alignUp(dimensions, codesAlignment)
  return { codeBytes, stride: alignUp(codeBytes + (kind === 'int7' ? metaBytesInt7 : metaBytes), cacheLineBytes) }
}

/** Bytes of one row of 8-bit codes. */
export const rowBytes = (dimensions: number): number => rowLayout(dimensions, 'int8').stride
