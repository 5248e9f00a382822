/** Views between bytes and numbers. All of Quiver's formats are little-endian, as is every platform that runs WebAssembly engines today. */

export function bytesOf(numbers: ArrayBufferView): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

export function float64s(bytes: Uint8Array): Float64Array {
  const aligned = alignedTo(bytes, 8)
  return new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 3)
}

export function uint32s(bytes: Uint8Array): Uint32Array {
  const aligned = alignedTo(bytes, 4)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >>> 2)
}

function alignedTo(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice()
}
