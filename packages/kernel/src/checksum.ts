import { createMemory, instantiateKernel } from './kernel.js'
import { reservedBytes } from './layout.js'
import type { KernelModule } from './webassembly.js'

/** A checksum chains over blocks of this size. */
export const checksumBlockBytes = 1_048_576

/**
 * Makes a function that computes the checksum of any bytes: h = 0, then h = xxh64(block, seed h) for every block of 1 MiB. No bytes
 * at all count as one empty block. The result is an unsigned 64-bit number. Bytes that come in pieces of whole blocks are given one after
 * the other, each with the checksum `before` it.
 */
export function createChecksum(module: KernelModule): (bytes: Uint8Array, before?: bigint) => bigint {
  const memory = createMemory(reservedBytes + checksumBlockBytes, reservedBytes + checksumBlockBytes)
  const kernel = instantiateKernel(module, memory)
  const block = new Uint8Array(memory.buffer, reservedBytes, checksumBlockBytes)
  return (bytes, before = 0n) => {
    let hash = before
    let start = 0
    do {
      const part = bytes.subarray(start, start + checksumBlockBytes)
      block.set(part)
      hash = kernel.xxh64(reservedBytes, part.length, hash)
      start += checksumBlockBytes
    } while (start < bytes.length)
    return BigInt.asUintN(64, hash)
  }
}
