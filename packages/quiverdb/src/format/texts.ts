import { assert } from '../errors.js'
import { concat } from './container.js'

/** A text may begin with U+FEFF like with any other character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** Texts that are encoded together: one call for many, and far from the length that a string may have. */
const joinedLengthMax = 4 * 1024 * 1024

/** Texts one behind the other in UTF-8: text i is bytes `offsets[i]` to `offsets[i + 1]`. */
export interface EncodedTexts {
  readonly offsets: Uint32Array
  readonly bytes: Uint8Array
}

/** @param texts well-formed, below 4 GiB together */
export function encodeTexts(texts: readonly string[]): EncodedTexts {
  const offsets = new Uint32Array(texts.length + 1)
  const chunks: Uint8Array[] = []
  let end = 0
  for (let first = 0; first < texts.length;) {
    let last = first
    let length = 0
    while (last < texts.length && (last === first || length + texts[last]!.length <= joinedLengthMax))
      length += texts[last++]!.length
    const bytes = encoder.encode(texts.slice(first, last).join(''))
    // As many bytes as characters: all of it is ASCII, and offsets are those of the characters.
    const isAscii = bytes.byteLength === length
    for (; first < last; first++) {
      end += isAscii ? texts[first]!.length : byteLength(texts[first]!)
      offsets[first + 1] = end
    }
    chunks.push(bytes)
  }
  assert(end < 2 ** 32, 'the text of one part stays below 4 GiB')
  return { offsets, bytes: chunks.length === 0 ? new Uint8Array(0) : concat(chunks) }
}

export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** Ids and keywords are mostly short and ASCII, where a decoder's call costs several times what the work does. */
const shortBytesMax = 40

/** Decodes a piece of bytes, quickly where it is short. */
export function decodeShort(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > shortBytesMax) return decoder.decode(bytes.subarray(start, end))
  let text = ''
  let at = start
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!
    const b = bytes[at + 1]!
    const c = bytes[at + 2]!
    const d = bytes[at + 3]!
    if ((a | b | c | d) >= 0x80) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(a, b, c, d)
  }
  for (; at < end; at++) {
    const byte = bytes[at]!
    if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

/** Of well-formed text in UTF-8. */
function byteLength(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Of the two units of a pair each stands for two bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return bytes
}
