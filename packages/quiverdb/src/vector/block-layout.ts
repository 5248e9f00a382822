import { groupNumbersBytes, sketchGroupRows } from '@quiverdb/kernel'
import { alignUp } from './arena.js'
import { rowLayout } from './row-layout.js'

const cacheLineBytes = 64

/**
 * A block: [row of 7-bit codes, padded to a cache line][per 32 links a group][m0 links, u32][zeros up to a whole cache line], little-endian. A
 * group: n/4 times 16 bytes, where byte 2 i (i < 8) holds the signs of four dimensions of neighbours i and 16 + i, byte 2 i + 1 those of
 * neighbours 8 + i and 24 + i; then for 32 neighbours the first and for 32 the second number of their estimates, float32. n: codeBytes of the row.
 */
export interface BlockLayout {
  /** Where the first group starts. */
  readonly groupsOffset: number
  readonly linksOffset: number
  /** From block to block. */
  readonly stride: number
}

export function blockLayout(dimensions: number, m0: number): BlockLayout {
  const { codeBytes, stride: groupsOffset } = rowLayout(dimensions, 'int7')
  const groups = Math.ceil(m0 / sketchGroupRows)
  const linksOffset = groupsOffset + groups * (4 * codeBytes + groupNumbersBytes)
  return { groupsOffset, linksOffset, stride: alignUp(linksOffset + 4 * m0, cacheLineBytes) }
}

/**
 * A row of 16-bit codes: [codes of the rotated (vector - centre), i16, padded to 16][scale, extra: float32][zeros up to a whole cache line],
 * little-endian. Scale: greatest magnitude / 32767.
 */
export interface RerankLayout {
  /** Numbers in a row. */
  readonly numbers: number
  readonly stride: number
}

const rerankMetaBytes = 8

export function rerankLayout(dimensions: number): RerankLayout {
  const { codeBytes } = rowLayout(dimensions, 'int7')
  return { numbers: codeBytes, stride: alignUp(2 * codeBytes + rerankMetaBytes, cacheLineBytes) }
}
