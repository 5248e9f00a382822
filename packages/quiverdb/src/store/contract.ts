import { QuiverError } from '../errors.js'
import { keySegmentLengthMax } from './keys.js'
import type { ObjectStore } from './object-store.js'

/** One promise of {@link ObjectStore}. `run` rejects, with a message, when the store breaks it. */
export interface ContractCase {
  readonly name: string
  /** `open` gives a store over the same objects each time, as another process would see them. They are empty at first. */
  run(open: () => Promise<ObjectStore>): Promise<void>
}

/**
 * What every store must do, runnable in any test framework and in a browser.
 *
 * @example
 * ```ts
 * it.each(objectStoreContract)('$name', ({ run }) => run(() => MyStore.open(emptyPlace)))
 * ```
 */
export const objectStoreContract: readonly ContractCase[] = [
  contract('keeps the first body of a key', async (store) => {
    same(await store.putNew('a/b', bytes(1, 2, 3)), 'created')
    same(await store.putNew('a/b', bytes(4)), 'exists')
    same(await store.get('a/b'), bytes(1, 2, 3))
    same(await store.get('a/c'), null)
    same(await store.get('a'), null)
    same(await store.get('a/b/c'), null)
  }),
  contract('keeps an empty body', async (store) => {
    same(await store.putNew('empty', bytes()), 'created')
    same(await store.putNew('empty', bytes(1)), 'exists')
    same(await store.get('empty'), bytes())
    await store.put('folder/empty', [])
    same(await store.get('folder/empty'), bytes())
  }),
  contract('does not share memory with its callers', async (store) => {
    const body = bytes(1, 2)
    await store.putNew('k', body)
    body[0] = 9
    const read = await store.get('k')
    if (read) read[1] = 9
    same(await store.get('k'), bytes(1, 2))
  }),
  contract('lets exactly one of 16 writers create each key', race),
  contract('shows no part of an object that is being created', wholeOrAbsent),
  contract('overwrites with put, in chunks', async (store) => {
    const chunks = Array.from({ length: 2_000 }, (_, i) => new Uint8Array(1 + (i % 2_000)).fill(i))
    await store.put('n/pin/process', chunks)
    const joined = (await store.get('n/pin/process')) ?? bytes()
    same(joined.byteLength, 2_001_000)
    same([joined[0], joined[1], joined.at(-1)], [0, 1, 1_999 & 255])
    await store.put('n/pin/process', [bytes(7), bytes(), bytes(8, 9)])
    same(await store.get('n/pin/process'), bytes(7, 8, 9))
    same(store.sync ? store.sync.get('n/pin/process') : bytes(7, 8, 9), bytes(7, 8, 9))
  }),
  contract('cuts ranges to the object', async (store) => {
    await store.putNew('r', bytes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    same(await store.get('r', { start: 2, end: 5 }), bytes(2, 3, 4))
    same(await store.get('r', { start: 8, end: 99 }), bytes(8, 9))
    same(await store.get('r', { start: 10, end: 20 }), bytes())
    same(await store.get('r', { start: 30, end: 40 }), bytes())
    same(await store.get('r', { start: 3, end: 3 }), bytes())
    same(await store.get('absent', { start: 0, end: 1 }), null)
    await refuses('INVALID_ARGUMENT', () => store.get('r', { start: 5, end: 2 }))
    await refuses('INVALID_ARGUMENT', () => store.get('r', { start: -1, end: 2 }))
  }),
  contract('reads at once where it says it can', synchronousReads),
  contract('lists in order of whole keys', listOrder),
  contract('lists behind a key and up to a limit', listParts),
  contract('deletes what is there and what is not', async (store) => {
    await store.putNew('d/1', bytes(1))
    await store.put('d/2', bytes(2))
    await store.putNew('d/e/3', bytes(3))
    await store.delete(['d/1', 'd/2', 'd/9', 'x/y/z'])
    await store.delete(['d/1'])
    await store.delete([])
    same(await keysOf(store, ''), ['d/e/3'])
    same(await store.get('d/1'), null)
    same(store.sync?.exists('d/1') ?? false, false)
    same(await store.putNew('d/1', bytes(5)), 'created')
    same(await store.get('d/1'), bytes(5))
    await store.delete(['d'])
    same(await keysOf(store, 'd'), ['d/1', 'd/e/3'])
  }),
  {
    name: 'shows each writer what the others did',
    async run(open) {
      const one = await open()
      const other = await open()
      try {
        same(await one.putNew('s/1', bytes(1)), 'created')
        same(await other.putNew('s/1', bytes(2)), 'exists')
        same(await other.get('s/1'), bytes(1))
        await other.put('s/pin/x', bytes(3))
        same(await keysOf(one, 's/'), ['s/1', 's/pin/x'])
        await other.delete(['s/1', 's/pin/x'])
        same(await one.putNew('s/1', bytes(4)), 'created')
        same(await other.get('s/1'), bytes(4))
      } finally {
        await one.close()
        await other.close()
      }
    },
  },
  contract('refuses keys that are no keys', async (store) => {
    const long = 'x'.repeat(keySegmentLengthMax)
    same(await store.putNew(`A-Z/a.b_c%2F@d/${long}`, bytes(1)), 'created')
    for (const key of [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      'a/..',
      '../a',
      'a/./b',
      'a b',
      'ä',
      'a\\b',
      'a\0',
      'a\n',
      `${long}x`,
      '.tmp/x',
      '.tmp',
    ]) {
      await refuses('INVALID_ARGUMENT', () => store.putNew(key, bytes()))
      await refuses('INVALID_ARGUMENT', () => store.put(key, bytes()))
      await refuses('INVALID_ARGUMENT', () => store.get(key))
      await refuses('INVALID_ARGUMENT', () => store.delete([key]))
    }
    for (const prefix of ['/', 'a//', '../', 'a/../b', 'a b', '.tmp/'])
      await refuses('INVALID_ARGUMENT', () => keysOf(store, prefix))
  }),
  {
    name: 'refuses everything once it is closed',
    async run(open) {
      const store = await open()
      await store.putNew('a', bytes(1))
      await store.close()
      await store.close()
      await refuses('CLOSED', () => store.putNew('b', bytes()))
      await refuses('CLOSED', () => store.put('b', bytes()))
      await refuses('CLOSED', () => store.get('a'))
      await refuses('CLOSED', () => store.delete(['a']))
      await refuses('CLOSED', () => keysOf(store, ''))
      await refuses('CLOSED', async () => (store.sync ? store.sync.exists('a') : store.get('a')))
    },
  },
]

const racersPerKey = 16
const racedKeys = 20

async function race(_: ObjectStore, open: () => Promise<ObjectStore>): Promise<void> {
  const stores = await Promise.all(Array.from({ length: racersPerKey }, open))
  try {
    const outcomes = Array.from({ length: racedKeys }, (_, k) =>
      Promise.all(stores.map((store, writer) => store.putNew(`race/${k}`, bytes(k, writer, writer, writer)))),
    )
    for (const [k, outcome] of (await Promise.all(outcomes)).entries()) {
      same(outcome.filter((answer) => answer === 'created').length, 1)
      const winner = outcome.indexOf('created')
      for (const store of stores) same(await store.get(`race/${k}`), bytes(k, winner, winner, winner))
    }
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

async function wholeOrAbsent(store: ObjectStore, open: () => Promise<ObjectStore>): Promise<void> {
  const reader = await open()
  const body = new Uint8Array(300_000).fill(7)
  for (let i = 0; i < 5; i++) {
    const key = `whole/${i}`
    let done = false
    const write = store.putNew(key, body).finally(() => (done = true))
    while (!done) {
      same((await reader.get(key))?.byteLength ?? body.byteLength, body.byteLength)
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    same(await write, 'created')
    same(await reader.get(key), body)
  }
  await reader.close()
}

async function synchronousReads(store: ObjectStore): Promise<void> {
  const { sync } = store
  if (!sync) return
  await store.putNew('q/1', bytes(0, 1, 2, 3, 4))
  same([sync.exists('q/1'), sync.exists('q/2'), sync.exists('q')], [true, false, false])
  same(sync.get('q/1'), bytes(0, 1, 2, 3, 4))
  same(sync.get('q/1', { start: 3, end: 9 }), bytes(3, 4))
  same(sync.get('q/2'), null)
  const target = new Uint8Array(3)
  same(sync.readInto('q/1', 1, target), 3)
  same(target, bytes(1, 2, 3))
  same(sync.readInto('q/1', 4, target), 1)
  same(target, bytes(4, 2, 3))
  same([sync.readInto('q/1', 5, target), sync.readInto('q/1', 9, target), sync.readInto('q/2', 0, target)], [0, 0, -1])
  await store.delete(['q/1'])
  same([sync.exists('q/1'), sync.readInto('q/1', 0, target)], [false, -1])
  await store.putNew('q/1', bytes(8))
  same([sync.readInto('q/1', 0, target), target[0]], [1, 8])
}

/** `-`, `.` and `%` sort before `/`, so a folder's keys do not stand where its name would. */
const sortedKeys = ['B', 'a', 'b%/1', 'b-c', 'b.c', 'b/1', 'b/10', 'b/2', 'b/c/1', 'b/c/d/1', 'b/c0', 'b0', 'c/pin/x'] as const

async function listOrder(store: ObjectStore): Promise<void> {
  same(await keysOf(store, ''), [])
  for (const [i, key] of [...sortedKeys].reverse().entries()) {
    if (i % 3 === 0) await store.put(key, bytes(i))
    else await store.putNew(key, bytes(i))
  }
  same(await keysOf(store, ''), sortedKeys)
  for (const prefix of ['b', 'b/', 'b/1', 'b/c', 'b/c/', 'b/c/d/1', 'b-', 'x', 'a/', 'b/c/d/1/']) {
    const expected = sortedKeys.filter((key) => key.startsWith(prefix))
    same(await keysOf(store, prefix), expected)
  }
}

async function listParts(store: ObjectStore): Promise<void> {
  for (const key of sortedKeys) await store.putNew(key, bytes(1))
  for (const prefix of ['', 'b', 'b/c']) {
    for (const after of ['A', 'B', 'b%/1', 'b-c', 'b/', 'b/1', 'b/2', 'b/9', 'b/c/', 'b/c/d/1', 'b/c0', 'z']) {
      const expected = sortedKeys.filter((key) => key.startsWith(prefix) && key > after)
      same(await keysOf(store, prefix, { after }), expected)
      same(await keysOf(store, prefix, { after, limit: 2 }), expected.slice(0, 2))
    }
  }
  same(await keysOf(store, '', { limit: 0 }), [])
}

function contract(name: string, check: (store: ObjectStore, open: () => Promise<ObjectStore>) => Promise<void>): ContractCase {
  return {
    name,
    async run(open) {
      const store = await open()
      try {
        await check(store, open)
      } finally {
        await store.close()
      }
    },
  }
}

async function keysOf(store: ObjectStore, prefix: string, options?: { after?: string; limit?: number }): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.list(prefix, options)) keys.push(key)
  return keys
}

async function refuses(code: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof QuiverError && error.code === code) return
    throw error
  }
  throw new Error(`expected ${code}, and it was accepted: ${run.toString()}`)
}

/** Compares numbers, strings, lists of them, bytes and null. */
function same(actual: unknown, expected: unknown): void {
  const [a, b] = [actual, expected].map((value) =>
    value instanceof Uint8Array ? `bytes ${value.join()}` : JSON.stringify(value),
  )
  if (a !== b) throw new Error(`expected ${shorten(b)}, got ${shorten(a)}`)
}

function shorten(text: string | undefined): string {
  const value = String(text)
  return value.length > 400 ? `${value.slice(0, 400)}...` : value
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}
