import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInEmbedder } from './built-in.js'

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)

describe('the built-in embedder', () => {
  it('gives every text a vector of length 1, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), async (text) => {
        const [vector] = await builtInEmbedder({ dimensions: 64 }).embed([text])
        expect(dot(vector!, vector!)).toBeCloseTo(1, 5)
      }),
    )
  })

  it('gives the same numbers on every machine', async () => {
    const texts = [
      'The boundary layer of a wing',
      'naïve Übergröße, 東京都に行く',
      'was it not?',
      '',
      '\ud800 \u0000',
      'a'.repeat(2_000),
    ]
    const vectors = await builtInEmbedder().embed(texts)
    const bytes = createHash('sha256')
    for (const vector of vectors) for (const value of vector) bytes.update(value === 0 ? '0' : String(value)).update(' ')
    expect(bytes.digest('hex')).toBe('9081aecba75d38b539f98685a79efca7f88a8ee575992ba7bdfd73081c80fa7c')
  })

  it('brings texts together that share words, or parts of words', async () => {
    const [question, same, related, other] = await builtInEmbedder().embed([
      'wings in supersonic flow',
      'Supersonic flow: wings!',
      'a flow over one wing at supersonic speeds',
      'the price of tomatoes in winter',
    ])
    expect(dot(question!, same!)).toBeGreaterThan(0.9)
    expect(dot(question!, related!)).toBeGreaterThan(0.3)
    expect(Math.abs(dot(question!, other!))).toBeLessThan(0.15)
  })

  it('forgives a typing error, a case and an accent', async () => {
    const [right, wrong, folded, stranger] = await builtInEmbedder().embed([
      'Café society',
      'Café sociaty',
      'CAFE SOCIETY',
      'noise level',
    ])
    expect(dot(right!, folded!)).toBeCloseTo(1, 6)
    expect(dot(right!, wrong!)).toBeGreaterThan(0.5)
    expect(dot(right!, stranger!)).toBeLessThan(0.2)
  })

  it('reads scripts without spaces', async () => {
    const [question, sentence, other] = await builtInEmbedder().embed([
      '東京都',
      '私は東京都に行きました',
      '彼女は本を読んでいます',
    ])
    expect(dot(question!, sentence!)).toBeGreaterThan(dot(question!, other!) + 0.2)
  })

  it('has as many dimensions as asked, and says so', async () => {
    const embedder = builtInEmbedder({ dimensions: 100 })
    expect(embedder).toMatchObject({ dimensions: 100, id: 'built-in-1/100' })
    expect((await embedder.embed(['x']))[0]).toHaveLength(100)
    for (const dimensions of [0, 63, 16_385, 100.5, NaN]) {
      expect(() => builtInEmbedder({ dimensions })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort()
    await expect(builtInEmbedder().embed(['x'], { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})
