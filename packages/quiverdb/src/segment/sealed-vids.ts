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

/** The place of the first number from `from` on, which is below, that is not below `wanted`: near ones are found as soon as by looking at each. */
function firstFrom(ascending: Float64Array, from: number, wanted: number): number {
  let step = 1
  while (ascending[from + step]! < wanted) {
    from += step
    step *= 2
  }
  let end = Math.min(from + step, ascending.length)
  for (from++; from < end;) {
    const middle = (from + end) >>> 1
    if (ascending[middle]! < wanted) from = middle + 1
    else end = middle
  }
  return from
}

/** Rows of one word of a bitset. */
const runLength = 32
const wholeWord = 0xffffffff

/** Whether ascending whole numbers count on one by one from here. */
function isRun(ascending: Float64Array, from: number): boolean {
  return ascending[from + runLength - 1] === ascending[from]! + runLength - 1
}

/** Whether ascending whole numbers are, one for one, those that others, which may `ascend` too, have from a place on. */
export function areFrom(numbers: Float64Array, others: Float64Array, from: number, ascend: boolean): boolean {
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== others[from + i]) return false
    if (ascend && isRun(numbers, i) && isRun(others, from + i)) i += runLength - 1
  }
  return true
}

export function ascends(numbers: Float64Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! <= numbers[i - 1]!) return false
  return true
}

/**
 * One walk along two ascending lists: marks the rows of `among` whose vid a node has in `rows`, and the nodes in `nodes`.
 * Mostly both count on one by one, and are compared a word of rows at a time. Returns the first and the last node that was marked, -1 where none was.
 */
export function matchAscending(
  vids: Float64Array,
  nodeVids: Float64Array,
  among: Uint32Array,
  rows: Uint32Array,
  nodes: Uint32Array,
): { readonly first: number; readonly last: number } {
  let node = 0
  let first = -1
  let last = -1
  for (let slot = 0; slot < vids.length; slot++) {
    if ((among[slot >>> 5]! & (1 << (slot & 31))) === 0) continue
    const vid = vids[slot]!
    if (nodeVids[node]! < vid) node = firstFrom(nodeVids, node, vid)
    if (node === nodeVids.length) break
    if (nodeVids[node] !== vid) continue
    if (first < 0) first = node
    last = node
    if ((slot & 31) === 0 && among[slot >>> 5] === wholeWord && isRun(vids, slot) && isRun(nodeVids, node)) {
      rows[slot >>> 5] = wholeWord
      nodes[node >>> 5]! |= wholeWord << (node & 31)
      if ((node & 31) !== 0) nodes[(node >>> 5) + 1]! |= wholeWord >>> (32 - (node & 31))
      slot += runLength - 1
      node += runLength
      last = node - 1
      continue
    }
    rows[slot >>> 5]! |= 1 << (slot & 31)
    nodes[node >>> 5]! |= 1 << (node & 31)
  }
  return { first, last }
}
