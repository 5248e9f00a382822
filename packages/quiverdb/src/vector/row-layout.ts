import { codesKinds, metaBytes } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { alignUp } from './arena.js'
import { dimensionsMax } from './metric.js'

/** What a graph walks over: bytes, or the numbers themselves. */
export type CodesKind = 'int8' | 'float32'

export const codesKindOf = (codes: CodesKind): number => codesKinds[codes]

const cacheLineBytes = 64
const int8Alignment = 16

/**
 * A row: [codes, padded][scale, squared norm, extra, residual norm: float32 each][zeros up to a whole cache line], little-endian. int8 codes
 * are signed, of (vector - centre), in steps of scale = greatest magnitude / 127; the residual is what they miss; the squared norm is that of
 * the decoded vector plus the squares of residual and extra. Extra is the graph's uncoded coordinate, or in a block the vector's squared norm.
 */
export interface RowLayout {
  /** Where the four numbers start. */
  readonly codeBytes: number
  /** From row to row. */
  readonly stride: number
}

export function rowLayout(dimensions: number, codes: CodesKind): RowLayout {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > dimensionsMax) {
    throw new QuiverError('INVALID_ARGUMENT', `dimensions must be an integer from 1 to ${dimensionsMax}, not ${dimensions}.`)
  }
  const codeBytes = codes === 'int8' ? alignUp(dimensions, int8Alignment) : alignUp(4 * dimensions, cacheLineBytes)
  return { codeBytes, stride: alignUp(codeBytes + metaBytes, cacheLineBytes) }
}

/** Bytes of one row of 8-bit codes. */
export const rowBytes = (dimensions: number): number => rowLayout(dimensions, 'int8').stride
