import { decode, encode } from 'gpt-tokenizer/encoding/o200k_base'
import { characterStart } from './characters.js'
import type { Tokenizer } from './tokenizer.js'

// The tables take 2.4 MB of code and 70 MB of memory: import this file dynamically, or only from entries whose users want it.

/** Merging the bytes of one unbroken run takes time with the square of its length. Longer runs are encoded in pieces. */
const runLengthMax = 1000

/** Names of special tokens, such as `<|endoftext|>`, are text like any other. */
const plainText = { disallowedSpecial: new Set<string>() }

/**
 * The byte pair encoding `o200k_base` of OpenAI's models since GPT-4o. Any text can be encoded; a run of more than 1,000
 * characters without a change between space and non-space may take a few tokens more than the reference.
 *
 * @example
 * ```ts
 * o200kTokenizer.encode('hello world') // [24912, 2375]
 * ```
 */
export const o200kTokenizer: Tokenizer = {
  encode(text) {
    const tokens: number[][] = []
    for (const piece of encodablePieces(text)) tokens.push(encode(piece, plainText))
    return tokens.length === 1 ? tokens[0]! : tokens.flat()
  },
  decode: (tokens) => decode(tokens),
}

/** The text as it is, unless it has runs that are too long. */
function* encodablePieces(text: string): Generator<string> {
  let pieceStart = 0
  let runStart = 0
  let runIsSpace = false
  for (let at = 0; at < text.length; at++) {
    const isSpace = isSpaceUnit(text.charCodeAt(at))
    if (isSpace !== runIsSpace) {
      runStart = at
      runIsSpace = isSpace
    } else if (at - runStart >= runLengthMax) {
      const cut = characterStart(text, at)
      yield text.slice(pieceStart, cut)
      pieceStart = runStart = cut
    }
  }
  yield pieceStart === 0 ? text : text.slice(pieceStart)
}

function isSpaceUnit(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x3000
}
