/** The vids of a sealed column, slot by slot, and which slots have a vector. */
export interface SealedVids {
  /** Zero where a row has no vector. */
  readonly vids: Float64Array
  /** Bit i of word i >> 5: row i has a vector. */
  readonly present: Uint32Array
  /** The vids of the rows with a vector ascend, as they do unless records were updated. */
  readonly isAscending: boolean
}

/** @param isOrdered where it is known that the vids ascend */
export function sealedVids(vids: Float64Array, present: Uint32Array, isOrdered?: boolean): SealedVids {
  return { vids, present, isAscending: isOrdered ?? ascendsAmong(vids, present) }
}

function ascendsAmong(vids: Float64Array, present: Uint32Array): boolean {
  let last = -1
  for (let slot = 0; slot < vids.length; slot++) {
    if ((present[slot >>> 5]! & (1 << (slot & 31))) === 0) continue
    if (vids[slot]! <= last) return false
    last = vids[slot]!
  }
  return true
}

export function ascends(numbers: Float64Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! <= numbers[i - 1]!) return false
  return true
}

/**
 * One walk along two ascending lists: marks the rows of `among` whose vid a node has in `rows`, and the nodes in `nodes`.
 * A million of each take a few milliseconds, where a look-up for each would take a hundred.
 */
export function matchAscending(
  vids: Float64Array,
  nodeVids: Float64Array,
  among: Uint32Array,
  rows: Uint32Array,
  nodes: Uint32Array,
): void {
  let node = 0
  for (let slot = 0; slot < vids.length; slot++) {
    if ((among[slot >>> 5]! & (1 << (slot & 31))) === 0) continue
    const vid = vids[slot]!
    while (node < nodeVids.length && nodeVids[node]! < vid) node++
    if (node === nodeVids.length) return
    if (nodeVids[node] !== vid) continue
    rows[slot >>> 5]! |= 1 << (slot & 31)
    nodes[node >>> 5]! |= 1 << (node & 31)
  }
}
