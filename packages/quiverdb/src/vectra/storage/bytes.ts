// Where Node is, bytes are its Buffers: programs written for Vectra call `toString('utf8')` on what they are given.
const nodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The same bytes, as a Buffer where there are Buffers. */
export function asBuffer(bytes: Uint8Array): Uint8Array {
  if (!nodeBuffer || nodeBuffer.isBuffer(bytes)) return bytes
  return nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A copy, as a Buffer where there are Buffers. */
export const copyOf = (bytes: Uint8Array): Uint8Array => asBuffer(bytes.slice())

/** Text as UTF-8, bytes as they are. */
export function toBytes(content: Uint8Array | string): Uint8Array {
  if (typeof content !== 'string') return content
  return nodeBuffer ? nodeBuffer.from(content, 'utf8') : encoder.encode(content)
}

/** UTF-8 as text. What a storage gives as text already is left as it is. */
export function toText(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes
  return nodeBuffer ? (asBuffer(bytes) as Buffer).toString('utf8') : decoder.decode(bytes)
}

/** One after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return asBuffer(whole)
}
