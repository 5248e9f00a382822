import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IndexData } from '../types.js'
import { type IndexCodec, NotInPieces } from './index-codec.js'
import { JsonCodec } from './json-codec.js'
import { ProtobufCodec } from './protobuf-codec.js'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"],[{}\\', ']}', '"items":[', '\u0000', '日本'),
)
const value = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())
const odd = fc.jsonValue({ maxDepth: 3 })
const number = fc.double({ noNaN: true, noDefaultInfinity: true })

const indexOf = (values: fc.Arbitrary<unknown>): fc.Arbitrary<IndexData> =>
  fc.record({
    version: fc.nat(1000),
    metadata_config: fc.oneof(fc.constant({}), fc.record({ indexed: fc.array(text, { maxLength: 3 }) })),
    items: fc.array(
      fc.record(
        {
          id: text,
          metadata: fc.dictionary(text, values, { maxKeys: 4 }),
          vector: fc.array(number, { maxLength: 12 }),
          norm: number,
          metadataFile: text,
        },
        { requiredKeys: ['id', 'metadata', 'vector', 'norm'] },
      ),
      { maxLength: 6 },
    ),
  }) as fc.Arbitrary<IndexData>

/** Reads bytes in chunks of these sizes, over and over. */
function readInChunks(codec: IndexCodec, bytes: Uint8Array, sizes: readonly number[]) {
  const reader = codec.pieces!.reader()
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    reader.push(bytes.subarray(at, at + size))
    at += size
  }
  return reader.finish()
}

describe.each([
  ['JSON', new JsonCodec(), fc.oneof(value, odd)],
  ['protocol buffers', new ProtobufCodec(), value],
] as const)('an index in %s, piece by piece', (_, codec, values) => {
  const { pieces } = codec

  test('is what it is as a whole', () => {
    fc.assert(
      fc.property(indexOf(values), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }), (data, sizes) => {
        const bytes = codec.serializeIndex(data)
        const whole = codec.deserializeIndex(bytes)
        let read: ReturnType<typeof readInChunks>
        try {
          read = readInChunks(codec, bytes, sizes)
        } catch (error) {
          // What is read as a whole instead may be as odd as it likes.
          expect(error).toBeInstanceOf(NotInPieces)
          return
        }
        expect({ ...read.head, items: read.items }).toEqual(whole)
        let at = read.headBytes
        data.items.forEach((item, i) => {
          const end = at + read.itemBytes[i]!
          expect(Buffer.from(bytes.subarray(at, end))).toEqual(Buffer.from(pieces.item(item)))
          at = end + pieces.separator.length
        })
      }),
      { numRuns: 400 },
    )
  })

  test('is read so whenever its items are what Vectra promises', () => {
    fc.assert(
      fc.property(indexOf(value), (data) => {
        const bytes = codec.serializeIndex(data)
        expect(readInChunks(codec, bytes, [7]).items.length).toBe(data.items.length)
      }),
      { numRuns: 200 },
    )
  })

  test('is never read from a part of it', () => {
    const data: IndexData = {
      version: 1,
      metadata_config: { indexed: ['a'] },
      items: [{ id: 'x', metadata: { a: 'b' }, vector: [1, 2], norm: 3 }],
    }
    const bytes = codec.serializeIndex({ ...data, items: [...data.items, ...data.items] })
    const tail = pieces.item(data.items[0]!).length
    for (let length = 0; length < bytes.length; length++) {
      // Of protocol buffers that end with an item nothing is missing.
      if (codec.extension === '.pb' && [bytes.length - tail, bytes.length - 2 * tail].includes(length)) continue
      if (codec.extension === '.pb' && length <= 7) continue // a head alone
      expect(() => readInChunks(codec, bytes.subarray(0, length), [50]), `${length}`).toThrow(NotInPieces)
    }
  })
})

test('texts that look like brackets and nested lists do not mislead', () => {
  const codec = new JsonCodec()
  const metadata = { a: [[1], 'x', [[2]], { b: [] }], c: ']},{', d: [1, [2, 'y]']] } as never
  const data: IndexData = { version: 1, metadata_config: {}, items: [{ id: '1', metadata, vector: [1], norm: 1 }] }
  data.items.push({ ...data.items[0]!, id: '2' })
  try {
    expect(readInChunks(codec, codec.serializeIndex(data), [5]).items).toEqual(data.items)
  } catch (error) {
    expect(error).toBeInstanceOf(NotInPieces)
  }
})
