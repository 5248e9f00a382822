import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, QuiverError, type Collection, type Database, type ErrorCode } from '../index.js'

/** Calls as JavaScript makes them, without the types that would refuse most of these. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>

let db: Database
let collection: Collection
let calls: { collection: Loose; db: Loose }

beforeAll(async () => {
  db = await open('memory:')
  collection = await db.collection('papers', {
    indexes: [
      { field: 'v', dimensions: 2 },
      { name: 'flat', field: 'v', dimensions: 2, metric: 'l2' },
      { name: 'ext', field: 'text', source: 'external', dimensions: 3 },
    ],
  })
  await collection.upsert([{ id: 'p', year: 1958, v: [1, 0] }])
  calls = { collection: collection as unknown as Loose, db: db as unknown as Loose }
})
afterAll(() => db.close())

const deep = (levels: number): unknown => (levels === 0 ? 1 : { x: deep(levels - 1) })
const cycle: Record<string, unknown> = {}
cycle['self'] = cycle

/** Name, target, method, arguments, code, what the message must name. */
type Row = [string, 'collection' | 'db', string, unknown[], ErrorCode, RegExp]

const records: Row[] = [
  ['too few dimensions', 'collection', 'upsert', [[{ id: 'x', v: [1] }]], 'DIMENSION_MISMATCH', /'x'.*'v'.*1 dimensions.*2/],
  ['too many dimensions', 'collection', 'upsert', [[{ id: 'x', v: [1, 2, 3] }]], 'DIMENSION_MISMATCH', /'x'.*3 dimensions/],
  ['NaN in a vector', 'collection', 'upsert', [[{ id: 'x', v: [1, NaN] }]], 'INVALID_VECTOR', /'x'.*NaN at position 1/],
  [
    'Infinity in a vector',
    'collection',
    'upsert',
    [[{ id: 'x', v: [-Infinity, 1] }]],
    'INVALID_VECTOR',
    /-Infinity at position 0/,
  ],
  ['a number beyond float32', 'collection', 'upsert', [[{ id: 'x', v: [1e39, 1] }]], 'INVALID_VECTOR', /1e\+39 at position 0/],
  ['a vector that is too long', 'collection', 'upsert', [[{ id: 'x', v: [1e19, 1] }]], 'INVALID_VECTOR', /'x'.*longer than/],
  ['text in a vector', 'collection', 'upsert', [[{ id: 'x', v: [1, '2'] }]], 'INVALID_VECTOR', /"2" at position 1/],
  ['a hole in a vector', 'collection', 'upsert', [[{ id: 'x', v: [1, null] }]], 'INVALID_VECTOR', /null at position 1/],
  ['text for a vector', 'collection', 'upsert', [[{ id: 'x', v: 'abc' }]], 'INVALID_VECTOR', /'v' of record 'x'/],
  ['an object for a vector', 'collection', 'upsert', [[{ id: 'x', v: { 0: 1, 1: 2 } }]], 'INVALID_VECTOR', /'v' of record 'x'/],
  ['a zero vector', 'collection', 'upsert', [[{ id: 'x', v: [0, -0] }]], 'ZERO_VECTOR', /'x'.*'v'.*zeroVectors/],
  [
    'a good record beside a bad one',
    'collection',
    'upsert',
    [[{ id: 'good' }, { id: 'x', v: [1] }]],
    'DIMENSION_MISMATCH',
    /'x'/,
  ],
  [
    'an unknown external index',
    'collection',
    'upsert',
    [[{ id: 'x', $vectors: { none: [1, 2, 3] } }]],
    'NOT_FOUND',
    /external index 'none'.*'ext'/,
  ],
  [
    'a field index in $vectors',
    'collection',
    'upsert',
    [[{ id: 'x', $vectors: { v: [1, 2] } }]],
    'NOT_FOUND',
    /external index 'v'/,
  ],
  [
    'an external vector of a wrong size',
    'collection',
    'upsert',
    [[{ id: 'x', $vectors: { ext: [1] } }]],
    'DIMENSION_MISMATCH',
    /'x'.*'ext'/,
  ],
  [
    'a list as $vectors',
    'collection',
    'upsert',
    [[{ id: 'x', $vectors: [1, 2, 3] }]],
    'INVALID_RECORD',
    /\$vectors of record 'x'/,
  ],
  ['an empty id', 'collection', 'upsert', [[{ id: '' }]], 'INVALID_ID', /empty string/],
  ['a number as id', 'collection', 'upsert', [[{ id: 7 }]], 'INVALID_ID', /7 is not an id/],
  ['null as id', 'collection', 'upsert', [[{ id: null }]], 'INVALID_ID', /null is not an id/],
  ['an id that is too long', 'collection', 'upsert', [[{ id: 'ä'.repeat(513) }]], 'INVALID_ID', /1 to 1024 bytes/],
  ['half a character in an id', 'collection', 'upsert', [[{ id: 'a\ud800' }]], 'INVALID_ID', /not an id/],
  ['NaN in a field', 'collection', 'upsert', [[{ id: 'x', a: { b: [1, NaN] } }]], 'INVALID_RECORD', /a\.b\[1\] is NaN/],
  ['a function in a field', 'collection', 'upsert', [[{ id: 'x', f: () => 1 }]], 'INVALID_RECORD', /f is a function/],
  ['a bigint in a field', 'collection', 'upsert', [[{ id: 'x', n: 1n }]], 'INVALID_RECORD', /n is a bigint/],
  ['a symbol in a field', 'collection', 'upsert', [[{ id: 'x', s: Symbol('s') }]], 'INVALID_RECORD', /s is a symbol/],
  ['a cycle', 'collection', 'upsert', [[{ id: 'x', cycle }]], 'INVALID_RECORD', /deeper than 64/],
  ['too deep a field', 'collection', 'upsert', [[{ id: 'x', d: deep(70) }]], 'INVALID_RECORD', /deeper than 64/],
  ['text for a record', 'collection', 'upsert', [['text']], 'INVALID_RECORD', /Record 0/],
  ['null for a record', 'collection', 'upsert', [[{ id: 'good' }, null]], 'INVALID_RECORD', /Record 1/],
  ['a list for a record', 'collection', 'upsert', [[[]]], 'INVALID_RECORD', /Record 0/],
  [
    'a record that is too large',
    'collection',
    'upsert',
    [[{ id: 'x', text: 'x'.repeat(4 * 1024 * 1024) }]],
    'LIMIT_EXCEEDED',
    /'x'.*4194304 bytes/,
  ],
  ['too many records', 'collection', 'upsert', [Array.from({ length: 100_001 }, () => ({}))], 'LIMIT_EXCEEDED', /100000.*100001/],
  ['one record instead of a list', 'collection', 'upsert', [{ id: 'x' }], 'INVALID_ARGUMENT', /array/],
  ['nothing', 'collection', 'upsert', [], 'INVALID_ARGUMENT', /array/],
  ['an unknown write option', 'collection', 'upsert', [[{ id: 'x' }], { wait: true }], 'INVALID_ARGUMENT', /wait/],
]

const changes: Row[] = [
  ['an update of nothing', 'collection', 'update', ['none', { a: 1 }], 'NOT_FOUND', /'none'.*'papers'/],
  ['an update with a bad vector', 'collection', 'update', ['p', { v: [1, 2, 3] }], 'DIMENSION_MISMATCH', /'p'/],
  ['an update with NaN', 'collection', 'update', ['p', { a: NaN }], 'INVALID_RECORD', /a is NaN/],
  ['an update of the id', 'collection', 'update', ['p', { id: 'q' }], 'INVALID_ID', /'p'.*another id/],
  ['an update of an unknown external vector', 'collection', 'update', ['p', { $vectors: { none: [1] } }], 'NOT_FOUND', /'none'/],
  ['an update without fields', 'collection', 'update', ['p'], 'INVALID_RECORD', /'p'/],
  ['an update with text', 'collection', 'update', ['p', 'text'], 'INVALID_RECORD', /'p'/],
  ['an update of a bad id', 'collection', 'update', [7, {}], 'INVALID_ARGUMENT', /array/],
  ['updates without an id', 'collection', 'update', [[{ a: 1 }]], 'INVALID_ID', /undefined is not an id/],
  ['an update of null', 'collection', 'update', [[null]], 'INVALID_ID', /undefined is not an id/],
  ['an unknown update option', 'collection', 'update', ['p', { a: 1 }, { wait: 1 }], 'INVALID_ARGUMENT', /wait/],
  ['an update that is too large', 'collection', 'update', ['p', { text: 'x'.repeat(4 * 1024 * 1024) }], 'LIMIT_EXCEEDED', /'p'/],
  ['a deletion of a bad id', 'collection', 'delete', [['p', 7]], 'INVALID_ID', /7 is not an id/],
  ['a deletion of nothing', 'collection', 'delete', [], 'INVALID_ARGUMENT', /array/],
  ['an unknown delete option', 'collection', 'delete', ['p', { wait: 1 }], 'INVALID_ARGUMENT', /wait/],
  [
    'vectors for an unknown index',
    'collection',
    'setVectors',
    ['none', [{ id: 'p', vector: [1] }]],
    'NOT_FOUND',
    /'none'.*'ext'/,
  ],
  [
    'vectors for a field index',
    'collection',
    'setVectors',
    ['v', [{ id: 'p', vector: [1, 2] }]],
    'NOT_FOUND',
    /external index 'v'/,
  ],
  [
    'vectors of a wrong size',
    'collection',
    'setVectors',
    ['ext', [{ id: 'p', vector: [1, 2] }]],
    'DIMENSION_MISMATCH',
    /'p'.*'ext'/,
  ],
  ['vectors for no record', 'collection', 'setVectors', ['ext', [{ id: 'none', vector: [1, 2, 3] }]], 'NOT_FOUND', /'none'/],
  ['no vector', 'collection', 'setVectors', ['ext', [{ id: 'p' }]], 'INVALID_VECTOR', /'p'.*'ext'/],
  ['null among vectors', 'collection', 'setVectors', ['ext', [null]], 'INVALID_ID', /undefined is not an id/],
]

const vector = [1, 0]
const reads: Row[] = [
  ['a query of a wrong size', 'collection', 'search', [{ index: 'v', vector: [1] }], 'DIMENSION_MISMATCH', /query.*'v'/],
  ['a query with NaN', 'collection', 'search', [{ index: 'v', vector: [1, NaN] }], 'INVALID_VECTOR', /query.*position 1/],
  ['a zero query', 'collection', 'search', [{ index: 'v', vector: [0, 0] }], 'ZERO_VECTOR', /query.*'v'/],
  ['a query of text', 'collection', 'search', [{ index: 'v', vector: 'x' }], 'INVALID_VECTOR', /query/],
  ['no vector at all', 'collection', 'search', [{ index: 'v' }], 'INVALID_ARGUMENT', /vector/],
  ['no query', 'collection', 'search', [], 'INVALID_ARGUMENT', /search/],
  ['an unknown index', 'collection', 'search', [{ index: 'none', vector }], 'NOT_FOUND', /'none'.*'v', 'flat', 'ext'/],
  ['an unknown field', 'collection', 'search', [{ field: 'none', vector }], 'NOT_FOUND', /'none'/],
  ['several indexes', 'collection', 'search', [{ field: 'v', vector }], 'AMBIGUOUS_INDEX', /'v', 'flat'/],
  ['limit 0', 'collection', 'search', [{ index: 'v', vector, limit: 0 }], 'INVALID_ARGUMENT', /'limit'/],
  ['limit 10,001', 'collection', 'search', [{ index: 'v', vector, limit: 10_001 }], 'INVALID_ARGUMENT', /'limit'/],
  ['half a limit', 'collection', 'search', [{ index: 'v', vector, limit: 1.5 }], 'INVALID_ARGUMENT', /'limit'/],
  ['text as limit', 'collection', 'search', [{ index: 'v', vector, limit: '5' }], 'INVALID_ARGUMENT', /'limit'/],
  ['a negative offset', 'collection', 'search', [{ index: 'v', vector, offset: -1 }], 'INVALID_ARGUMENT', /'offset'/],
  ['offset 100,001', 'collection', 'search', [{ index: 'v', vector, offset: 100_001 }], 'INVALID_ARGUMENT', /'offset'/],
  ['ef 0', 'collection', 'search', [{ index: 'v', vector, ef: 0 }], 'INVALID_ARGUMENT', /'ef'/],
  ['maxDistance NaN', 'collection', 'search', [{ index: 'v', vector, maxDistance: NaN }], 'INVALID_ARGUMENT', /'maxDistance'/],
  ['a negative time', 'collection', 'search', [{ index: 'v', vector, timeoutMs: -1 }], 'INVALID_ARGUMENT', /'timeoutMs'/],
  ['a signal that is none', 'collection', 'search', [{ index: 'v', vector, signal: {} }], 'INVALID_ARGUMENT', /'signal'/],
  ['an unknown search option', 'collection', 'search', [{ index: 'v', vector, topK: 5 }], 'INVALID_ARGUMENT', /topK/],
  [
    'an unknown operator',
    'collection',
    'search',
    [{ index: 'v', vector, where: { year: { $ge: 1 } } }],
    'INVALID_FILTER',
    /where\.year\.\$ge/,
  ],
  ['a filter that is a list', 'collection', 'list', [{ where: [] }], 'INVALID_FILTER', /where/],
  ['a filter that is null', 'collection', 'count', [{ where: null }], 'INVALID_FILTER', /where/],
  [
    'a date in a filter that is no time',
    'collection',
    'count',
    [{ where: { year: { $gt: new Date(NaN) } } }],
    'INVALID_FILTER',
    /where\.year\.\$gt/,
  ],
  ['an unknown list option', 'collection', 'list', [{ offset: 5 }], 'INVALID_ARGUMENT', /offset/],
  ['a page of 0', 'collection', 'list', [{ limit: 0 }], 'INVALID_ARGUMENT', /'limit'/],
  ['an unknown count option', 'collection', 'count', [{ limit: 5 }], 'INVALID_ARGUMENT', /limit/],
  ['a bad id', 'collection', 'get', [7], 'INVALID_ID', /7 is not an id/],
  ['no id', 'collection', 'get', [], 'INVALID_ID', /undefined is not an id/],
  ['text instead of ids', 'collection', 'getMany', ['p'], 'INVALID_ARGUMENT', /ids/],
  ['an unknown read option', 'collection', 'get', ['p', { select: [] }], 'INVALID_ARGUMENT', /select/],
  ['a version that is none', 'collection', 'at', ['yesterday'], 'INVALID_ARGUMENT', /'yesterday'/],
  ['a number as version', 'collection', 'at', [3], 'INVALID_ARGUMENT', /version/],
]

const declarations: Row[] = [
  ['no field', 'collection', 'createIndex', [{ dimensions: 2 }], 'INVALID_ARGUMENT', /field/],
  ['no dimensions', 'collection', 'createIndex', [{ field: 'w' }], 'INVALID_ARGUMENT', /dimensions/],
  ['0 dimensions', 'collection', 'createIndex', [{ field: 'w', dimensions: 0 }], 'INVALID_ARGUMENT', /'dimensions'/],
  ['16,385 dimensions', 'collection', 'createIndex', [{ field: 'w', dimensions: 16_385 }], 'INVALID_ARGUMENT', /'dimensions'/],
  [
    'an unknown metric',
    'collection',
    'createIndex',
    [{ field: 'w', dimensions: 2, metric: 'l1' }],
    'INVALID_ARGUMENT',
    /'metric'/,
  ],
  [
    'an unknown source',
    'collection',
    'createIndex',
    [{ field: 'w', dimensions: 2, source: 'guessed' }],
    'INVALID_ARGUMENT',
    /'source'/,
  ],
  ['an unknown index option', 'collection', 'createIndex', [{ field: 'w', dimensions: 2, m: 16 }], 'INVALID_ARGUMENT', /m/],
  [
    'a bad condition',
    'collection',
    'createIndex',
    [{ field: 'w', dimensions: 2, where: { a: { $x: 1 } } }],
    'INVALID_FILTER',
    /where\.a\.\$x/,
  ],
  ['a reserved field', 'collection', 'createIndex', [{ field: 'id', dimensions: 2 }], 'INVALID_ARGUMENT', /'id'/],
  [
    'an empty part of a field path',
    'collection',
    'createIndex',
    [{ field: 'a..b', dimensions: 2 }],
    'INVALID_ARGUMENT',
    /'a\.\.b'|field/,
  ],
  [
    'a name that is too long',
    'collection',
    'createIndex',
    [{ name: 'x'.repeat(129), field: 'w', dimensions: 2 }],
    'INVALID_ARGUMENT',
    /'name'/,
  ],
  [
    'the name of another index',
    'collection',
    'createIndex',
    [{ name: 'flat', field: 'w', dimensions: 2 }],
    'ALREADY_EXISTS',
    /'flat'/,
  ],
  ['no index to drop', 'collection', 'dropIndex', ['none'], 'NOT_FOUND', /'none'/],
  ['an empty collection name', 'db', 'collection', [''], 'INVALID_ARGUMENT', /collection name/],
  ['a line break in a collection name', 'db', 'collection', ['a\nb'], 'INVALID_ARGUMENT', /control characters/],
  ['a collection name that is too long', 'db', 'collection', ['x'.repeat(129)], 'INVALID_ARGUMENT', /collection name/],
  ['a number as collection name', 'db', 'collection', [5], 'INVALID_ARGUMENT', /collection name/],
  ['an unknown collection option', 'db', 'collection', ['new', { dimensions: 3 }], 'INVALID_ARGUMENT', /dimensions/],
  [
    'a bad index of a new collection',
    'db',
    'collection',
    ['new', { indexes: [{ field: 'v' }] }],
    'INVALID_ARGUMENT',
    /dimensions/,
  ],
  [
    'an index declared differently',
    'db',
    'collection',
    ['papers', { indexes: [{ field: 'v', dimensions: 3 }] }],
    'ALREADY_EXISTS',
    /'v'/,
  ],
  ['no collection to drop', 'db', 'dropCollection', ['none'], 'NOT_FOUND', /'none'/],
  ['an empty namespace name', 'db', 'namespace', [''], 'INVALID_ARGUMENT', /namespace name/],
  ['a number as message', 'db', 'commit', [5], 'INVALID_ARGUMENT', /message/],
  ['a message that is too long', 'db', 'commit', ['ä'.repeat(2049)], 'INVALID_ARGUMENT', /message/],
  ['a log of 0', 'db', 'log', [{ limit: 0 }], 'INVALID_ARGUMENT', /'limit'/],
  ['an unknown log option', 'db', 'log', [{ after: 1 }], 'INVALID_ARGUMENT', /after/],
  ['an unknown task', 'db', 'maintain', [{ only: ['sweep'] }], 'INVALID_ARGUMENT', /only/],
  ['an unknown upkeep option', 'db', 'settled', [{ timeoutMs: 5 }], 'INVALID_ARGUMENT', /timeoutMs/],
  ['an unknown check option', 'db', 'check', [{ fast: true }], 'INVALID_ARGUMENT', /fast/],
  ['no transaction', 'db', 'transaction', [], 'INVALID_ARGUMENT', /transaction.*Function/],
]

describe.each([
  ['records', records],
  ['changes', changes],
  ['reads', reads],
  ['declarations', declarations],
])('%s: refused', (_, rows) => {
  it.each(rows)('%s', async (__, target, method, args, code, message) => {
    const version = await db.version()
    const stored = await collection.list()
    const collections = await db.collections()
    const error = await Promise.resolve()
      .then(() => calls[target][method]!(...args))
      .then(
        () => undefined,
        (failure: unknown) => failure,
      )
    expect(error).toBeInstanceOf(QuiverError)
    expect(error).toMatchObject({ code })
    expect((error as QuiverError).message).toMatch(message)
    expect(await db.version()).toBe(version)
    expect(await collection.list()).toEqual(stored)
    expect(await db.collections()).toEqual(collections)
  })
})

describe('open: refused', () => {
  const loose = open as (...args: unknown[]) => Promise<Database>
  it.each<[string, unknown[], ErrorCode]>([
    ['nothing', [], 'INVALID_ARGUMENT'],
    ['an empty name', [''], 'INVALID_ARGUMENT'],
    ['an unknown scheme', ['s3://bucket/x'], 'UNSUPPORTED'],
    ['an unknown option', ['memory:', { readonly: true }], 'INVALID_ARGUMENT'],
    ['too little memory', ['memory:', { memoryBytesMax: 1000 }], 'INVALID_ARGUMENT'],
    ['an unknown tuning', ['memory:', { tuning: { flushrows: 1 } }], 'INVALID_ARGUMENT'],
    ['an unknown maintenance', ['memory:', { maintenance: 'off' }], 'INVALID_ARGUMENT'],
    ['a negative retention', ['memory:', { retention: { versionsMs: -1 } }], 'INVALID_ARGUMENT'],
    ['no database where none may be made', ['memory:', { create: false }], 'NOT_FOUND'],
  ])('%s', async (_, args, code) => {
    await expect(loose(...args)).rejects.toMatchObject({ code, name: 'QuiverError' })
  })
})

describe('a transaction', () => {
  it('refuses the same, and the transaction may go on', async () => {
    await db.transaction(async (tx) => {
      const own = tx.collection('papers') as unknown as Loose
      for (const [, target, method, args, code] of [...records, ...changes]) {
        // Inside a transaction there are no options, and updates are of one record.
        const options =
          method === 'update' ? args.length > 2 || typeof args[0] !== 'string' : args.length > 1 && method !== 'setVectors'
        if (target !== 'collection' || options) continue
        await expect(own[method]!(...args), `${method} ${code}`).rejects.toMatchObject({ code })
      }
      await tx.collection('papers').update('p', { seen: true })
    })
    expect(await collection.get('p')).toEqual({ id: 'p', year: 1958, v: [1, 0], seen: true })
    expect(await collection.count()).toBe(1)
  })
})
