import { wordsFor } from '../../format/bitset.js'

/**
 * What is known of the rows 0 to n - 1 that match: those of `lower` surely do, those outside of `upper` surely do not, the rows between are to be
 * evaluated one by one. Both are one array where the answer is exact. Bit i of word i >> 5 is row i; bits behind the last row are clear. Words are
 * shared by whoever asks and never change.
 */
export interface Bounds {
  readonly lower: Uint32Array
  readonly upper: Uint32Array
}

export function exactly(words: Uint32Array): Bounds {
  return { lower: words, upper: words }
}

export function isExact({ lower, upper }: Bounds): boolean {
  return lower === upper
}

export function allRows(rows: number): Uint32Array {
  const words = new Uint32Array(wordsFor(rows)).fill(0xffffffff)
  if ((rows & 31) !== 0) words[words.length - 1] = (1 << (rows & 31)) - 1
  return words
}

export function noRows(rows: number): Uint32Array {
  return new Uint32Array(wordsFor(rows))
}

/** Nothing is known: every row may match. */
export function unknownRows(rows: number): Bounds {
  return { lower: noRows(rows), upper: allRows(rows) }
}

/** The rows that do not match: what surely does not is what may not. */
export function complement({ lower, upper }: Bounds, rows: number): Bounds {
  const all = allRows(rows)
  return pair(andNot(all, upper), lower === upper ? undefined : andNot(all, lower))
}

export function both(a: Bounds, b: Bounds): Bounds {
  return pair(and(a.lower, b.lower), isExact(a) && isExact(b) ? undefined : and(a.upper, b.upper))
}

export function either(a: Bounds, b: Bounds): Bounds {
  return pair(or(a.lower, b.lower), isExact(a) && isExact(b) ? undefined : or(a.upper, b.upper))
}

/** Rows that are to be evaluated. */
export function between({ lower, upper }: Bounds): Uint32Array {
  return lower === upper ? new Uint32Array(lower.length) : andNot(upper, lower)
}

export function and(a: Uint32Array, b: Uint32Array): Uint32Array {
  const words = new Uint32Array(a.length)
  for (let i = 0; i < words.length; i++) words[i] = a[i]! & b[i]!
  return words
}

export function or(a: Uint32Array, b: Uint32Array): Uint32Array {
  const words = new Uint32Array(a.length)
  for (let i = 0; i < words.length; i++) words[i] = a[i]! | b[i]!
  return words
}

export function andNot(a: Uint32Array, b: Uint32Array): Uint32Array {
  const words = new Uint32Array(a.length)
  for (let i = 0; i < words.length; i++) words[i] = a[i]! & ~b[i]!
  return words
}

function pair(lower: Uint32Array, upper = lower): Bounds {
  return { lower, upper }
}
