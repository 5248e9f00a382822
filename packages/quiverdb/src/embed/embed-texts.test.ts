import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInEmbedder } from './built-in.js'
import { MemoryEmbeddingCache, storedEmbeddingCache } from './cache.js'
import { embedTexts } from './embed-texts.js'
import type { Embedder } from './embedder.js'
import { open } from '../index.js'

const lengths = (texts: readonly string[]): Float32Array[] => texts.map((text) => Float32Array.of(text.length, 1))

/** Notes the calls that it gets. */
function recording(limits: Awaited<Embedder['limits']> = {}, embed = async (texts: readonly string[]) => lengths(texts)) {
  const calls: string[][] = []
  const embedder: Embedder = {
    id: 'recording',
    limits,
    embed: async (texts) => {
      calls.push([...texts])
      return embed(texts)
    },
  }
  return { embedder, calls }
}

describe('embedding texts', () => {
  it('gives every text the vector that the embedder gives it alone, in any batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 60 }),
        fc.record({ batchTexts: fc.integer({ min: 1, max: 9 }), batchTokens: fc.integer({ min: 1, max: 40 }) }),
        fc.integer({ min: 1, max: 5 }),
        async (texts, limits, concurrency) => {
          const { embedder, calls } = recording(limits, async (batch) => {
            await wait(Math.random() * 2)
            return lengths(batch)
          })
          expect(await embedTexts(embedder, texts, { concurrency })).toEqual(lengths(texts))
          expect(calls.flat().sort()).toEqual([...new Set(texts)].sort())
          for (const call of calls) expect(call.length).toBeLessThanOrEqual(limits.batchTexts)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('fills a request with as many tokens as it may hold, and sends a larger text alone', async () => {
    const { embedder, calls } = recording({ batchTokens: 20 })
    const texts = ['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30), 'd'.repeat(300), '語'.repeat(10), '東'.repeat(10)]
    await embedTexts(embedder, texts, { concurrency: 1 })
    expect(calls.map((call) => call.map((text) => text[0]).join(''))).toEqual(['ab', 'c', 'd', '語東'])
  })

  it('runs as many requests side by side as the embedder and the caller allow', async () => {
    const most = async (allowed: number | undefined, asked: number | undefined): Promise<number> => {
      let now = 0
      let seen = 0
      const limits = { batchTexts: 1, ...(allowed && { concurrency: allowed }) }
      const { embedder } = recording(limits, async (batch) => {
        seen = Math.max(seen, ++now)
        await wait(2)
        now--
        return lengths(batch)
      })
      const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`)
      await embedTexts(embedder, texts, { ...(asked && { concurrency: asked }) })
      return seen
    }
    expect(await most(undefined, undefined)).toBe(4)
    expect(await most(1, undefined)).toBe(1)
    expect(await most(3, 10)).toBe(3)
    expect(await most(undefined, 7)).toBe(7)
  })

  it('tells how far it is, and lets a callback that throws end the work', async () => {
    const { embedder } = recording({ batchTexts: 2 })
    const seen: number[][] = []
    const onProgress = (done: number, total: number): void => void seen.push([done, total])
    await embedTexts(embedder, ['a', 'b', 'c', 'a', 'd', 'e'], { concurrency: 1, onProgress })
    expect(seen).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ])
    const failing = (): never => {
      throw new Error('enough')
    }
    await expect(embedTexts(embedder, ['a', 'b', 'c'], { onProgress: failing })).rejects.toThrow('enough')
  })

  it('tells the embedder what the texts are for', async () => {
    const seen: unknown[] = []
    const embedder: Embedder = {
      id: 'x',
      embed: async (texts, call) => {
        seen.push(call?.purpose)
        return lengths(texts)
      },
    }
    await embedTexts(embedder, ['a'])
    await embedTexts(embedder, ['a'], { purpose: 'query' })
    expect(seen).toEqual(['document', 'query'])
  })

  it.each([
    ['too few', async () => lengths(['a']), /1 vectors for 2 texts/],
    ['too many', async () => lengths(['a', 'b', 'c']), /3 vectors for 2 texts/],
    ['of two lengths', async () => [Float32Array.of(1), Float32Array.of(1, 2)], /vector 1 has 2 numbers, not 1/],
    ['of no length', async () => [Float32Array.of(), Float32Array.of()], /vector 0 has 0 numbers/],
    ['with a NaN', async () => [Float32Array.of(1, 2), Float32Array.of(1, NaN)], /number 1 of vector 1 is NaN/],
    ['as plain arrays', async () => [[1], [2]] as never, /no Float32Array/],
    ['not at all', async () => undefined as never, /no vectors/],
  ])('refuses vectors that come %s', async (_, embed, message) => {
    const { embedder, calls } = recording({}, embed)
    const failure = embedTexts(embedder, ['a', 'b'])
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_EMBEDDING', message: expect.stringMatching(message) })
    expect(calls).toHaveLength(1)
  })

  it('refuses another length than the embedder declares, or gave before', async () => {
    const declared: Embedder = { id: 'x', dimensions: 3, embed: async (texts) => lengths(texts) }
    await expect(embedTexts(declared, ['a'])).rejects.toMatchObject({
      code: 'INVALID_EMBEDDING',
      details: { expected: 3, actual: 2 },
    })
    let call = 0
    const { embedder } = recording({ batchTexts: 1 }, async () => [new Float32Array(++call).fill(1)])
    await expect(embedTexts(embedder, ['a', 'b'])).rejects.toMatchObject({ code: 'INVALID_EMBEDDING' })
  })

  it('reports what an embedder throws, and starts nothing after it', async () => {
    const { embedder, calls } = recording({ batchTexts: 1 }, async (texts) => {
      if (texts[0] === 'b') throw new TypeError('no such model')
      return lengths(texts)
    })
    const failure = embedTexts(embedder, ['a', 'b', 'c', 'd'], { concurrency: 1 })
    await expect(failure).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: "The embedder 'recording' failed: no such model.",
      details: { retryable: false },
      cause: expect.any(TypeError),
    })
    expect(calls).toEqual([['a'], ['b']])
  })

  it('stops at once, even if the embedder does not listen', async () => {
    const stop = new AbortController()
    const { embedder } = recording({}, () => new Promise<Float32Array[]>(() => undefined))
    const running = embedTexts(embedder, ['a'], { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('the user left')), 5)
    await expect(running).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('the user left') })
    await expect(embedTexts(embedder, ['a'], { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('refuses what is no embedder, no text and no option', async () => {
    const embedder = builtInEmbedder()
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(embedTexts({} as never, ['a'])).rejects.toMatchObject(refused)
    await expect(embedTexts(embedder, 'a' as never)).rejects.toMatchObject(refused)
    await expect(embedTexts(embedder, ['a', 1 as never])).rejects.toMatchObject({ ...refused, message: 'Text 1 is no string.' })
    for (const concurrency of [0, 65, 1.5])
      await expect(embedTexts(embedder, ['a'], { concurrency })).rejects.toMatchObject(refused)
    await expect(embedTexts(embedder, ['a'], { retryMs: -1 })).rejects.toMatchObject(refused)
  })

  it('has nothing to do for no texts', async () => {
    const { embedder, calls } = recording()
    expect(await embedTexts(embedder, [])).toEqual([])
    expect(calls).toEqual([])
  })
})

describe('a cache', () => {
  it('keeps what was embedded before a failure', async () => {
    let broken = true
    const { embedder, calls } = recording({ batchTexts: 1 }, async (texts) => {
      if (broken && texts[0] === 'c') throw new Error('gone')
      return lengths(texts)
    })
    const cache = new MemoryEmbeddingCache()
    await expect(embedTexts(embedder, ['a', 'b', 'c'], { cache, concurrency: 1 })).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
    })
    broken = false
    expect(await embedTexts(embedder, ['a', 'b', 'c'], { cache })).toEqual(lengths(['a', 'b', 'c']))
    expect(calls).toEqual([['a'], ['b'], ['c'], ['c']])
  })

  it('tells models, dimensions and purposes apart', async () => {
    const cache = new MemoryEmbeddingCache()
    let calls = 0
    const named = (id: string, dimensions?: number): Embedder => ({
      id,
      ...(dimensions && { dimensions }),
      embed: async (texts) => {
        calls++
        return texts.map(() => new Float32Array(dimensions ?? 2).fill(1))
      },
    })
    for (let round = 0; round < 2; round++) {
      await embedTexts(named('a'), ['text'], { cache })
      await embedTexts(named('b'), ['text'], { cache })
      await embedTexts(named('a', 3), ['text'], { cache })
      await embedTexts(named('a'), ['text'], { cache, purpose: 'query' })
    }
    expect(calls).toBe(4)
  })

  it('in memory holds no more than it may, and forgets what was used longest ago', async () => {
    const cache = new MemoryEmbeddingCache({ bytesMax: 3 * (8 + 300) })
    const put = (key: string): Promise<void> => cache.put([{ key, vector: Float32Array.of(1, 2) }])
    for (const key of ['a', 'b', 'c']) await put(key)
    await cache.get(['a'])
    await put('d')
    expect((await cache.get(['a', 'b', 'c', 'd'])).map((vector) => vector !== undefined)).toEqual([true, false, true, true])
    const large = new MemoryEmbeddingCache({ bytesMax: 10 })
    await large.put([{ key: 'a', vector: new Float32Array(100) }])
    expect(await large.get(['a'])).toEqual([undefined])
  })

  it('in memory is not changed by who gave or got a vector', async () => {
    const cache = new MemoryEmbeddingCache()
    const vector = Float32Array.of(1, 2)
    await cache.put([{ key: 'a', vector }])
    vector[0] = 9
    const [got] = await cache.get(['a'])
    got![1] = 9
    expect(await cache.get(['a'])).toEqual([Float32Array.of(1, 2)])
  })

  it('in a collection outlives whoever wrote it, and gives back every number as it was', async () => {
    const db = await open('memory:')
    try {
      const { embedder, calls } = recording({}, async (texts) => texts.map(() => Float32Array.of(0.1, -1e-40, 3.4e38, 0)))
      const cached = async (): Promise<Float32Array[]> => {
        const cache = storedEmbeddingCache(await db.collection('embeddings'))
        return embedTexts(embedder, ['x', 'y'], { cache })
      }
      const first = await cached()
      expect(await cached()).toEqual(first)
      expect(calls).toHaveLength(1)
    } finally {
      await db.close()
    }
  })

  it('is not believed: what it holds that is no vector of this model is embedded anew', async () => {
    const embedder = builtInEmbedder({ dimensions: 64 })
    const [right] = await embedder.embed(['x'])
    for (const wrong of ['!', '', 'AAAA', btoa('12345'), 7, null, btoa('\0\0\xc0\x7f'.repeat(64))]) {
      const cache = storedEmbeddingCache({ getMany: async () => [{ vector: wrong }], upsert: async () => undefined })
      expect(await embedTexts(embedder, ['x'], { cache })).toEqual([right])
    }
  })
})
