import { describe, expect, it } from 'vitest'
import { QuiverError } from '../../errors.js'
import { isolateTexts } from './isolate-texts.js'

/** An embedder of texts that refuses some, and is away at some of its calls. */
class Service {
  calls = 0
  readonly #away: (call: number) => boolean
  readonly #bad: readonly string[]

  constructor(bad: readonly string[], away: (call: number) => boolean = () => false) {
    this.#bad = bad
    this.#away = away
  }

  readonly embed = (texts: readonly string[]): Promise<Float32Array[]> => {
    if (this.#away(++this.calls) || texts.some((text) => this.#bad.includes(text)))
      return Promise.reject(new QuiverError('EMBEDDER_FAILED', 'no', { details: { retryable: false } }))
    return Promise.resolve(texts.map((text) => Float32Array.of(text.length)))
  }
}

const isolated = async (texts: readonly string[], service: Service) =>
  (await isolateTexts(texts, service.embed, service.embed)).map((vector) => vector?.[0])

describe('texts that an embedder refuses', () => {
  it.each([
    [['a'], ['a']],
    [['a', 'bb', 'ccc'], ['bb']],
    [
      ['a', 'bb', 'ccc', 'dddd', 'eeeee'],
      ['a', 'eeeee'],
    ],
    [
      ['a', 'bb'],
      ['a', 'bb'],
    ],
  ])('of %j are found: %j', async (texts, bad) => {
    const expected = texts.map((text) => (bad.includes(text) ? undefined : text.length))
    expect(await isolated(texts, new Service(bad))).toEqual(expected)
  })

  it('are not blamed for an embedder that is away, whenever it goes and comes back', async () => {
    const texts = ['a', 'bb', 'ccc']
    for (const bad of [[], ['bb']]) {
      for (let from = 1; from < 10; from++) {
        for (let to = from; to < 12; to++) {
          const service = new Service(bad, (call) => call >= from && call <= to)
          const outcome = await isolated(texts, service).catch((error: unknown) => error)
          if (outcome instanceof QuiverError) continue
          expect(outcome, `away from call ${from} to ${to}`).toEqual(
            texts.map((text) => (bad.includes(text) ? undefined : text.length)),
          )
        }
      }
    }
  })

  it('are none where something else failed', async () => {
    const failed = new QuiverError('TIMEOUT', 'late')
    await expect(
      isolateTexts(
        ['a'],
        () => Promise.reject(failed),
        () => Promise.resolve([]),
      ),
    ).rejects.toBe(failed)
  })
})
