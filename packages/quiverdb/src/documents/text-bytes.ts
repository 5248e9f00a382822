import { QuiverError } from '../errors.js'

/** How far a byte of zero is looked for. UTF-8 cannot tell of many binary files that they are none. */
const lookedThrough = 64 * 1024

/**
 * The text that some bytes are, in UTF-8, or in UTF-16 where they begin with its mark.
 * @param name for the message
 * @throws QuiverError INVALID_DOCUMENT: they are no text
 */
export function textOf(bytes: Uint8Array, name: string): string {
  const encoding = markedEncoding(bytes)
  if (encoding === 'utf-8' && bytes.subarray(0, lookedThrough).includes(0)) throw noText(name, 'it is binary')
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw noText(name, `it is not in ${encoding.toUpperCase()}`)
  }
}

function markedEncoding(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
}

function noText(name: string, why: string): QuiverError {
  return new QuiverError('INVALID_DOCUMENT', `${name} holds no text that can be read: ${why}. Turn it into text first.`, {
    details: { path: name },
  })
}
