import fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { openRows } from './open.js'
import type { ReadRowsOptions, Row } from './row-reader.js'
import { ExactBytes, ByteSource } from './source.js'
import { VectorRule } from './vector-rule.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-importers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const defaults: ReadRowsOptions = { field: 'embedding' }

async function read(name: string, content: string | Buffer, options: Partial<ReadRowsOptions> = {}): Promise<Row[]> {
  const path = join(folder, name)
  writeFileSync(path, content)
  const { reader } = await openRows(path, { ...defaults, ...options })
  const rows: Row[] = []
  for await (const row of reader) rows.push(row)
  return rows
}

function npy(descr: string, shape: string, data: Buffer, order = 'False'): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117) + '\n'
  const length = Buffer.alloc(2)
  length.writeUInt16LE(text.length)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(text, 'latin1'), data])
}

const float32 = (...numbers: number[]) => Buffer.from(Float32Array.from(numbers).buffer)
const float64 = (...numbers: number[]) => Buffer.from(Float64Array.from(numbers).buffer)

function fvecs(...rows: number[][]): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const length = Buffer.alloc(4)
      length.writeInt32LE(row.length)
      return Buffer.concat([length, float32(...row)])
    }),
  )
}

describe('JSON lines', () => {
  it('reads a record a line and passes empty lines over', async () => {
    const rows = await read('a.jsonl', '{"id":"a","embedding":[1,2]}\n\n  \r\n{"id":7,"title":"x"}')
    expect(rows).toEqual([
      { at: 1, record: { id: 'a', embedding: [1, 2] } },
      { at: 4, record: { id: '7', title: 'x' } },
    ])
  })

  it('takes U+2028 inside a string for what it is', async () => {
    const rows = await read('separator.jsonl', `{"title":"one\u2028two"}\n{"title":"three"}\n`)
    expect(rows.map((row) => row.record['title'])).toEqual(['one\u2028two', 'three'])
  })

  it('makes another field the id', async () => {
    expect(await read('isbn.jsonl', '{"isbn":9,"n":1}', { id: 'isbn' })).toEqual([{ at: 1, record: { id: '9', n: 1 } }])
    await expect(read('isbn2.jsonl', '{"n":1}', { id: 'isbn' })).rejects.toThrow('isbn2.jsonl, line 1: has no "isbn"')
    await expect(read('both.jsonl', '{"id":"x","isbn":"y"}', { id: 'isbn' })).rejects.toThrow('has an "id" beside "isbn"')
  })

  it('names file and line of what is not a record', async () => {
    await expect(read('cut.jsonl', '{"a":1}\n{"a":')).rejects.toThrow(/^cut\.jsonl, line 2: is not valid JSON/)
    await expect(read('array.jsonl', '[1,2]')).rejects.toThrow('line 1: is an array, not a record')
    await expect(read('nan.jsonl', '{"embedding":[NaN]}')).rejects.toThrow('line 1: is not valid JSON')
    await expect(read('latin1.jsonl', Buffer.from('{"a":"\xe9"}', 'latin1'))).rejects.toThrow('line 1: is not valid UTF-8')
    await expect(read('id.jsonl', '{"id":{"a":1}}')).rejects.toThrow('its id is not a plain value')
  })

  it('reads gzip, and says when it was cut off', async () => {
    const packed = gzipSync(
      Array.from({ length: 500 }, (_, at) => JSON.stringify({ id: `${at}`, noise: Math.sin(at) })).join('\n'),
    )
    expect(await read('whole.jsonl.gz', packed)).toHaveLength(500)
    await expect(read('half.jsonl.gz', packed.subarray(0, packed.length / 2))).rejects.toThrow(
      'half.jsonl.gz: the gzip data ends early',
    )
    await expect(read('plain.jsonl.gz', '{"a":1}')).rejects.toThrow('is not valid gzip data')
  })
})

describe('JSON arrays', () => {
  it('gives back every array of records, however it is spaced and cut into chunks', async () => {
    const records = fc.array(
      fc.dictionary(
        fc.string().filter((key) => key !== 'id' && key !== '__proto__'),
        fc.jsonValue({ maxDepth: 2 }),
      ),
      { maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(records, fc.constantFrom(undefined, 1, '\t'), async (expected, indent) => {
        const rows = await read('property.json', JSON.stringify(expected, null, indent))
        expect(rows.map((row) => row.record)).toEqual(JSON.parse(JSON.stringify(expected)))
      }),
      { numRuns: 60 },
    )
  })

  it('reads records that span many chunks', async () => {
    const long = 'x,]}"\\'.repeat(100_000)
    const rows = await read('long.json.gz', gzipSync(JSON.stringify([{ long }, { id: 'b' }])))
    expect(rows.map((row) => row.record)).toEqual([{ long }, { id: 'b' }])
  })

  it('refuses what is not one whole array of objects', async () => {
    expect(await read('none.json', ' [ ] \n')).toEqual([])
    await expect(read('cut.json', '[{"a":1},{"b":2}')).rejects.toThrow(
      'cut.json, after record 1: the file ends before its array does',
    )
    await expect(read('comma.json', '[{"a":1},]')).rejects.toThrow('record 2: is empty')
    await expect(read('object.json', '{"a":1}')).rejects.toThrow('does not begin with a JSON array')
    await expect(read('two.json', '[{"a":1}] [2]')).rejects.toThrow('text behind the end')
    await expect(read('numbers.json', '[{"a":1}, 2]')).rejects.toThrow('record 2: is a number, not a record')
    await expect(read('brackets.json', '[{"a":[}]')).rejects.toThrow(/record 1|ends before/)
    await expect(read('empty.json', '')).rejects.toThrow('is empty')
  })
})

describe('CSV', () => {
  it('types the columns and reads the vector in each of its spellings', async () => {
    const rows = await read(
      'a.csv',
      'id,year,open,zip,note,embedding\na,1958,true,00501,,"[1, -2.5e1]"\nb,-1.5,false,12345678901234567890,"x, y",1 2\nc,,,,,3;4\nd,,,,,"5,6"\n',
    )
    expect(rows.map((row) => row.record)).toEqual([
      { id: 'a', year: 1958, open: true, zip: '00501', embedding: [1, -25] },
      { id: 'b', year: -1.5, open: false, zip: '12345678901234567890', note: 'x, y', embedding: [1, 2] },
      { id: 'c', embedding: [3, 4] },
      { id: 'd', embedding: [5, 6] },
    ])
  })

  it('keeps text where it is asked to, and ids always', async () => {
    expect(await read('t.csv', 'id,n,embedding\n007,1,1 2\n', { textColumns: true })).toEqual([
      { at: 2, record: { id: '007', n: '1', embedding: [1, 2] } },
    ])
    expect(await read('t.tsv', 'key\tembedding\n007\t1,2\n', { id: 'key' })).toEqual([
      { at: 2, record: { id: '007', embedding: [1, 2] } },
    ])
  })

  it('names line and column of a vector that is none', async () => {
    await expect(read('nan.csv', 'embedding\n1 2\n1 NaN\n')).rejects.toThrow(
      'nan.csv, line 3: column "embedding": "NaN", its number 2, is not a finite number',
    )
    await expect(read('gap.csv', 'embedding\n1;;2\n')).rejects.toThrow('line 2: column "embedding": number 2 is missing')
    await expect(read('none.csv', 'embedding,a\n,1\n')).rejects.toThrow('holds no numbers')
  })

  it('refuses ragged rows, unknown columns and a header with doubles', async () => {
    await expect(read('ragged.csv', 'id,embedding\na,1,2\n')).rejects.toThrow(/^ragged\.csv, line 2: /)
    await expect(read('quote.csv', 'id,embedding\na,"1 2\n')).rejects.toThrow(/^quote\.csv/)
    await expect(read('other.csv', 'id,vector\na,1 2\n')).rejects.toThrow('the header has no column "embedding"')
    await expect(read('twice.csv', 'a,embedding,a\n1,2,3\n')).rejects.toThrow('the header names "a" twice')
  })
})

describe('numpy arrays', () => {
  it('reads each element type', async () => {
    const cases: [string, Buffer, number[]][] = [
      ['<f4', float32(1.5, -2), [1.5, -2]],
      ['<f8', float64(0.1, 1e300), [0.1, 1e300]],
      ['|u1', Buffer.from([0, 255]), [0, 255]],
      ['|i1', Buffer.from([0, 255]), [0, -1]],
      ['<i2', Buffer.from(Int16Array.from([-3, 300]).buffer), [-3, 300]],
      ['<i8', Buffer.from(BigInt64Array.from([-3n, 16_777_217n]).buffer), [-3, 16_777_217]],
      ['<u4', Buffer.from(Uint32Array.from([7, 4_294_967_295]).buffer), [7, 4_294_967_295]],
    ]
    for (const [descr, data, expected] of cases) {
      const [row] = await read('type.npy', npy(descr, '(1, 2)', data))
      expect(row!.record['id'], descr).toBe('0')
      expect(Array.from(row!.record['embedding'] as Float32Array), descr).toEqual(expected)
    }
  })

  it('numbers the rows, behind a prefix where one is given', async () => {
    const rows = await read('rows.npy.gz', gzipSync(npy('<f4', '(3, 1)', float32(5, 6, 7))), { id: 'doc-', field: 'v' })
    expect(rows.map(({ record }) => [record['id'], ...(record['v'] as Float32Array)])).toEqual([
      ['doc-0', 5],
      ['doc-1', 6],
      ['doc-2', 7],
    ])
  })

  it('refuses a cut file before its first row, and gzip where it ends', async () => {
    const cut = npy('<f4', '(3, 2)', float32(1, 2, 3, 4, 5))
    await expect(read('cut.npy', cut)).rejects.toThrow('3 x 2 values need 152')
    await expect(read('cut.npy.gz', gzipSync(cut))).rejects.toThrow(
      'cut.npy.gz, row 2: the file ends here; its header says 3 rows',
    )
    await expect(read('more.npy', npy('<f4', '(1, 1)', float32(1, 2)))).rejects.toThrow('bytes behind its last row')
    await expect(read('header.npy', cut.subarray(0, 40))).rejects.toThrow('ends inside its header')
  })

  it('says what else it does not read, and what to do', async () => {
    await expect(read('magic.npy', 'PK\x03\x04 not numpy')).rejects.toThrow('is not a .npy file')
    await expect(read('flat.npy', npy('<f4', '(2,)', float32(1, 2)))).rejects.toThrow('has 1 dimensions')
    await expect(read('fortran.npy', npy('<f4', '(1, 2)', float32(1, 2), 'True'))).rejects.toMatchObject({
      hint: 'Save np.ascontiguousarray(a).',
    })
    await expect(read('big.npy', npy('>f4', '(1, 2)', float32(1, 2)))).rejects.toThrow('elements of type >f4')
    await expect(read('half.npy', npy('<f2', '(1, 2)', Buffer.alloc(4)))).rejects.toThrow('elements of type <f2')
  })
})

describe('fvecs', () => {
  it('reads the rows, wherever the chunks end', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => Array.from({ length: 333 }, (_, column) => at + column))
    const back = await read('many.fvecs.gz', gzipSync(fvecs(...rows)))
    expect(back.map(({ record }) => Array.from(record['embedding'] as Float32Array))).toEqual(rows)
  })

  it('refuses cut files and other formats', async () => {
    await expect(read('cut.fvecs', fvecs([1, 2], [3, 4]).subarray(0, 20))).rejects.toThrow(
      'cut.fvecs, row 1: the file ends inside this row',
    )
    await expect(read('length.fvecs', fvecs([1, 2]).subarray(0, 2))).rejects.toThrow('row 0: the file ends inside this row')
    await expect(read('text.fvecs', 'hello world')).rejects.toThrow('is this an .fvecs file?')
  })
})

describe('files', () => {
  it('says which formats there are', async () => {
    await expect(openRows(join(folder, 'data.parquet'), defaults)).rejects.toThrow('its name does not tell the format')
    await expect(openRows(join(folder, 'missing.npy'), defaults)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('lets go of a file that is not read to its end', async () => {
    const path = join(folder, 'early.bin')
    writeFileSync(path, Buffer.alloc(2_000_000, 1))
    const bytes = new ExactBytes(await ByteSource.open(path))
    expect((await bytes.take(10)).length).toBe(10)
    await bytes.close()
    expect((await bytes.take(1_000_000)).length).toBeLessThan(1_000_000)
  })
})

describe('the rule for vectors', () => {
  const rule = (zeroVectors: 'refuse' | 'keep') =>
    new VectorRule({ path: 'x/a.jsonl', field: 'meta.v', unit: 'line', dimensions: 2, zeroVectors })
  const row = (v: unknown): Row => ({ at: 9, record: { meta: { v } } })

  it('names the line of a vector that the index would not take', () => {
    expect(() => rule('refuse').check(row([1, 2]))).not.toThrow()
    expect(() => rule('refuse').check(row([1, 2, 3]))).toThrow('a.jsonl, line 9: "meta.v" has 3 numbers, not 2')
    expect(() => rule('refuse').check(row('1 2'))).toThrow('is not an array of numbers')
    expect(() => rule('refuse').check(row([1, 1e39]))).toThrow('holds 1e+39 as its number 2')
    expect(() => rule('refuse').check(row(Float32Array.of(NaN, 1)))).toThrow('holds NaN as its number 1')
    expect(() => rule('refuse').check(row([0, 0]))).toThrow('is all zeros')
    expect(() => rule('keep').check(row([0, 0]))).not.toThrow()
  })

  it('counts records without one', () => {
    const counting = rule('refuse')
    counting.check(row(null))
    counting.check({ at: 1, record: {} })
    expect(counting.without).toBe(2)
  })
})
