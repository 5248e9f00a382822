import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { loadChecksum } from '../../vector/checksum.js'
import {
  float,
  int,
  PersistentVectorIndex,
  VectorCollectionConfig,
  VectorError,
  type Metadata,
  type MetadataValue,
} from '../index.js'
import { indexFileName } from './file-names.js'
import { decodeIndexBinary, encodeIndexBinary } from './index-binary.js'
import { loadIndexFile, loadIndexFolder, saveIndexFile, saveIndexFolder } from './index-files.js'
import { decodeIndexJson, encodeIndexJson } from './index-json.js'

const checksum = await loadChecksum()
const joined = (chunks: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks))
const formats = {
  json: {
    encode: (index: PersistentVectorIndex) => joined(encodeIndexJson(index)),
    decode: (bytes: Uint8Array, entriesMax?: number) => decodeIndexJson(bytes, entriesMax),
  },
  binary: {
    encode: (index: PersistentVectorIndex) => joined(encodeIndexBinary(index, checksum)),
    decode: (bytes: Uint8Array, entriesMax?: number) => decodeIndexBinary(bytes, checksum, entriesMax),
  },
}
const formatNames = Object.keys(formats) as (keyof typeof formats)[]
const failure = (kind: string, message: RegExp | string) =>
  expect.objectContaining({ kind, message: expect.stringMatching(message) })

const finite = fc.float({ noNaN: true, noDefaultInfinity: true })
const metadataValues: fc.Arbitrary<MetadataValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(int),
  fc.double(),
  fc.integer().map(float),
)
const indexes = fc
  .record({
    collection: fc.string({ unit: 'binary' }),
    config: fc.record({
      distanceMetric: fc.constantFrom('cosine' as const, 'euclidean' as const, 'dotProduct' as const),
      autoIndex: fc.boolean(),
      autoIndexThreshold: fc.nat(),
    }),
    options: fc.record({ createdAt: fc.nat() }),
    entries: fc.array(
      fc.tuple(
        fc.string({ unit: 'binary' }),
        fc.array(finite, { minLength: 1, maxLength: 5 }),
        fc.option(fc.dictionary(fc.string(), metadataValues, { maxKeys: 4 })),
      ),
      { maxLength: 6 },
    ),
  })
  .map(({ collection, config, options, entries }) => {
    const index = new PersistentVectorIndex(collection, new VectorCollectionConfig(config), options)
    for (const [key, vector, metadata] of entries) index.push(key, vector, metadata && { ...metadata })
    return index
  })

describe.each(formatNames)('%s', (name) => {
  const { encode, decode } = formats[name]

  it('gives back what was written, with its types', () => {
    fc.assert(
      fc.property(indexes, (index) => {
        expect(decode(encode(index))).toEqual(index)
      }),
    )
  })

  it('keeps a field that is called __proto__', () => {
    const index = new PersistentVectorIndex('c')
    index.push('a', [1], JSON.parse('{"__proto__":"x"}') as Metadata)
    expect(Object.entries(decode(encode(index)).vectors[0]!.metadata!)).toEqual([['__proto__', 'x']])
  })

  it('knows the embeddings without a collection from a collection of that name', () => {
    expect(decode(encode(new PersistentVectorIndex('default'))).isDefault).toBe(true)
    const named = new PersistentVectorIndex('default', undefined, { isDefault: false })
    expect(decode(encode(named))).toMatchObject({ collection: 'default', isDefault: false })
  })

  it('refuses what is damaged, whatever byte it is', () => {
    const index = new PersistentVectorIndex('c', new VectorCollectionConfig({ dimension: 2 }), { createdAt: 1 })
    index.push('a', [1, 2], { n: 1 })
    const bytes = encode(index)
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at]! ^= 0x80
      // JSON is all ASCII here, so the bit makes it no UTF-8. In binary there are gaps between sections that hold nothing.
      try {
        expect(decode(damaged)).toEqual(index)
        expect([name, bytes[at]]).toEqual(['binary', 0])
      } catch (error) {
        if (!(error instanceof VectorError)) throw error
        expect(error.kind).toBe('SerializationError')
      }
    }
    const end = name === 'json' ? bytes.length - 1 : bytes.length // The line break behind the JSON holds nothing.
    for (let cut = 0; cut < end; cut++) expect(() => decode(bytes.subarray(0, cut))).toThrow(failure('SerializationError', ''))
  })

  it('names a version that is newer', () => {
    const index = new PersistentVectorIndex('c', undefined, { version: 2 })
    expect(() => decode(encode(index))).toThrow(failure('SerializationError', /version 2 is newer than 1/))
    expect(() => decode(encode(index))).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_NEW' }))
  })

  it('refuses too many entries, vectors of another dimension and empty ones', () => {
    const index = new PersistentVectorIndex('c', new VectorCollectionConfig({ dimension: 2 }))
    for (let i = 0; i < 5; i++) index.push(`k${i}`, [i, 1])
    expect(() => decode(encode(index), 2)).toThrow(failure('ConfigurationError', 'index entry count 5 exceeds limit 2'))
    expect(decode(encode(index), 5).length).toBe(5)
    index.push('short', [1])
    expect(() => decode(encode(index))).toThrow(failure('DimensionMismatch', 'expected 2, got 1'))
    const empty = new PersistentVectorIndex('c')
    empty.push('none', [])
    expect(() => decode(encode(empty))).toThrow(failure('SerializationError', /vector of "none" is empty/))
  })
})

describe('JSON as other programs write it', () => {
  const decode = (text: string) => decodeIndexJson(new TextEncoder().encode(text))
  const file = `{"collection":"docs","config":{"dimension":3,"distance_metric":"Cosine","auto_index":false,"auto_index_threshold":1000},
 "vectors":[{"key":"a","vector":[1.0,2.0,3.0],"metadata":{"n":{"Int":42},"s":{"String":"x"},"f":{"Float":3.14},"b":{"Bool":true},"z":"Null",
 "big":{"Int": 9223372036854775807},"whole":{"Float":2.0},"text":{"String":"\\"Int\\": 99999999999999999999"}}},
 {"key":"b","vector":[0.0,0.0,1.0],"metadata":null}],"created_at":1770000000,"version":1}`

  it('is read with its types', () => {
    const index = decode(file)
    expect(index).toMatchObject({ collection: 'docs', createdAt: 1770000000, version: 1, isDefault: false })
    expect(index.config).toEqual(new VectorCollectionConfig({ dimension: 3 }))
    expect(index.vectors.map(({ key, vector }) => [key, ...vector])).toEqual([
      ['a', 1, 2, 3],
      ['b', 0, 0, 1],
    ])
    const text = '"Int": 99999999999999999999'
    expect(index.vectors[0]!.metadata).toEqual({
      n: 42,
      s: 'x',
      f: 3.14,
      b: true,
      z: null,
      big: 2n ** 63n - 1n,
      whole: float(2),
      text,
    })
    expect(index.vectors[1]!.metadata).toBeNull()
  })

  it('is written in the same shape', () => {
    const written: unknown = JSON.parse(new TextDecoder().decode(joined(encodeIndexJson(decode(file)))))
    expect(written).toEqual(JSON.parse(file))
    const index = new PersistentVectorIndex('c', undefined, { createdAt: 0 })
    index.push('k', [0.1, 1, -0, 1e30], { whole: float(2), n: -0 })
    expect(new TextDecoder().decode(joined(encodeIndexJson(index)))).toContain(
      '{"key":"k","vector":[0.1,1.0,-0.0,1e+30],"metadata":{"whole":{"Float":2.0},"n":{"Float":-0.0}}}',
    )
  })

  it.each([
    ['[]', 'no object'],
    [file.replace('"version":1', '"version":"1"'), 'version is not a whole number'],
    [file.replace('"version":1', '"version":0'), 'no format version 0'],
    [file.replace('"collection":"docs"', '"collection":7'), 'collection is not a string'],
    [file.replace('"Cosine"', '"Manhattan"'), 'no distance_metric "Manhattan"'],
    [file.replace('"auto_index":false', '"auto_index":0'), 'auto_index is not a boolean'],
    [file.replace('[1.0,2.0,3.0]', '[1.0,null,3.0]'), 'not a list of numbers'],
    [file.replace('[1.0,2.0,3.0]', '[1.0,1e39,3.0]'), 'number 1 of the vector of "a" is not a finite float32'],
    [file.replace('"key":"a",', ''), 'entry 0 has no key'],
    [file.replace('{"Int":42}', '{"Int":1.5}'), 'field "n" of "a" has no known type'],
    [file.replace('{"Int":42}', '{"Int":42,"Bool":true}'), 'field "n" of "a" has no known type'],
    [file.replace('9223372036854775807', '9223372036854775808'), 'field "big" of "a" has no known type'],
    [file.replace('"metadata":null', '"metadata":[]'), 'metadata of "b" is not an object'],
    [file.replace('"vectors":', '"Vectors":'), 'vectors is not a list'],
  ])('is refused where it is wrong: %#', (text, message) => {
    expect(() => decode(text)).toThrow(failure('SerializationError', message))
  })
})

describe('files', () => {
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'quiver-index-files-'))))
  afterEach(() => rm(folder, { recursive: true }))

  const indexOf = (collection: string, isDefault = false): PersistentVectorIndex => {
    const index = new PersistentVectorIndex(collection, undefined, { isDefault })
    index.push('a', [1, 2])
    return index
  }

  test.each(formatNames)('%s: saved, replaced and loaded, with nothing unfinished left', async (format) => {
    const path = join(folder, 'index')
    await saveIndexFile(path, indexOf('old'), format)
    const saved = indexOf('new')
    await saveIndexFile(path, saved, format)
    expect(await loadIndexFile(path, format)).toEqual(saved)
    expect(await readdir(folder)).toEqual(['index'])
  })

  test.each(formatNames)('%s: what is missing, broken or too large', async (format) => {
    await expect(loadIndexFile(join(folder, 'none'), format)).rejects.toThrow(failure('IoError', /none/))
    await expect(saveIndexFile(join(folder, 'no', 'folder'), indexOf('x'), format)).rejects.toThrow(failure('IoError', /folder/))
    const path = join(folder, 'broken')
    for (const content of ['not valid json', Uint8Array.of(0xff, 0xff, 0xff), '']) {
      await writeFile(path, content)
      await expect(loadIndexFile(path, format)).rejects.toThrow(failure('SerializationError', ''))
    }
    await writeFile(path, 'x'.repeat(200))
    await expect(loadIndexFile(path, format, { maxIndexFileBytes: 100 })).rejects.toThrow(
      failure('ConfigurationError', 'index file size 200 exceeds limit 100'),
    )
  })

  test('a folder of indexes, of which a broken one harms no other', async () => {
    const indexes = [indexOf('default', true), indexOf('default'), indexOf('Docs'), indexOf('docs'), indexOf('../../escape')]
    const inner = join(folder, 'deep', 'er')
    expect(await saveIndexFolder(inner, indexes)).toEqual(indexes.map(({ collection }) => collection))
    expect((await readdir(inner)).length).toBe(5)
    expect((await readFile(join(inner, 'default.json'), 'utf8')).includes('is_default')).toBe(false)
    await writeFile(join(inner, 'broken.json'), '{')
    await writeFile(join(inner, 'notes.txt'), 'not an index')
    const { indexes: loaded, failures } = await loadIndexFolder(inner)
    const byName = (index: PersistentVectorIndex) => `${index.collection}/${index.isDefault}`
    expect(loaded.map(byName).sort()).toEqual(indexes.map(byName).sort())
    expect(failures).toEqual([{ file: 'broken.json', error: expect.objectContaining({ kind: 'SerializationError' }) }])
    await expect(loadIndexFolder(join(folder, 'none'))).rejects.toThrow(failure('IoError', /none/))
  })

  test('names of files are plain, differ beyond upper case and fit every file system', () => {
    const names = [
      'default',
      '',
      'Default',
      'docs',
      'Docs',
      '..',
      '.',
      'a/b',
      'a\\b',
      'con',
      'lpt1',
      'a:emb:x',
      '%',
      '~',
      '~default',
      '\ud800',
      '\ufffd',
      'x'.repeat(300),
      'x'.repeat(301),
      '文',
      'docs.json',
    ]
    const files = names.map((name) => indexFileName(indexOf(name), checksum))
    expect(new Set([...files, 'default.json'].map((file) => file.toLowerCase())).size).toBe(names.length + 1)
    for (const file of files) expect(file).toMatch(/^[a-z0-9_~%-]{0,200}[.]json$/)
    expect(files[3]).toBe('docs.json')
  })
})
