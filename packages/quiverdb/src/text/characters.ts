/** The last position at or before `at` that does not lie within a surrogate pair. */
export function characterStart(text: string, at: number): number {
  return at > 0 && at < text.length && isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1)) ? at - 1 : at
}

/** The position behind the character that begins at `at`. */
export function characterEnd(text: string, at: number): number {
  return at + 1 < text.length && isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1))
    ? at + 2
    : Math.min(at + 1, text.length)
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000
