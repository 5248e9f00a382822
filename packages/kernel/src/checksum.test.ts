import { createChecksum, checksumBlockBytes, createMemory, instantiateKernel, loadKernel } from './index.js'
import { describe, expect, test } from 'vitest'

const ascii = (text: string) => new TextEncoder().encode(text)

describe('checksum', async () => {
  const module = await loadKernel()
  const checksum = createChecksum(module)

  test.each([
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
    ['message digest', '066ed728fceeb3be'],
    ['abcdefghijklmnopqrstuvwxyz', 'cfe1f278fa89835c'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'aaa46907d3047814'],
    ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 'e04a477f19ee145d'],
  ])('agrees with published XXH64 values: %s', (text, expected) => {
    expect(checksum(ascii(text)).toString(16).padStart(16, '0')).toBe(expected)
  })

  test('chains over blocks of 1 MiB', () => {
    const bytes = Uint8Array.from({ length: checksumBlockBytes + 1000 }, (_, i) => (i * 31 + (i >> 8)) & 255)
    const memory = createMemory(4 * checksumBlockBytes, 4 * checksumBlockBytes)
    const kernel = instantiateKernel(module, memory)
    new Uint8Array(memory.buffer).set(bytes, checksumBlockBytes)
    const first = kernel.xxh64(checksumBlockBytes, checksumBlockBytes, 0n)
    const whole = kernel.xxh64(2 * checksumBlockBytes, 1000, first)
    expect(checksum(bytes)).toBe(BigInt.asUintN(64, whole))
  })

  test('every byte counts', () => {
    const bytes = new Uint8Array(100)
    const plain = checksum(bytes)
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = 1
      expect(checksum(bytes)).not.toBe(plain)
      bytes[i] = 0
    }
  })
})
