import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitText } from '../text/split-text.js'
import { wordTokenizer } from '../testing/counting-embedder.js'
import { renderSections } from './sections.js'
import type { ChunkHit } from './types.js'

const tokensOf = (text: string): number => wordTokenizer.encode(text).length

function chunksOf(text: string, scores: (ordinal: number) => number): ChunkHit[] {
  const spans = splitText(text, { chunkTokens: 8, overlapTokens: 2, tokenizer: wordTokenizer })
  return spans
    .map(({ text: chunk, start, end }, ordinal) => ({ text: chunk, start, end, ordinal, score: scores(ordinal) }))
    .sort((a, b) => b.score - a.score)
}

const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${i}`).join(' ')

describe('sections', () => {
  it('are the whole document where it fits', () => {
    const text = `  ${words(20)}\n`
    const [section, ...rest] = renderSections(
      text,
      chunksOf(text, (i) => i),
      { tokens: 30, count: 2 },
      wordTokenizer,
    )
    expect(section).toEqual({ text, start: 0, end: text.length, tokens: tokensOf(text), score: expect.any(Number) })
    expect(rest).toEqual([])
  })

  it('hold the best chunks, with what is around them, up to the budget', () => {
    const text = words(400)
    const chunks = chunksOf(text, (ordinal) => (ordinal === 5 || ordinal === 40 ? 1 - ordinal / 100 : 0.1))
    const sections = renderSections(text, chunks.slice(0, 2), { tokens: 60, count: 3 }, wordTokenizer)
    expect(sections).toHaveLength(2)
    expect(sections[0]!.text).toContain(chunks[0]!.text)
    expect(sections[1]!.text).toContain(chunks[1]!.text)
    expect(sections[0]!.score).toBe(0.95)
    expect(sections.reduce((sum, { tokens }) => sum + tokens, 0)).toBeGreaterThan(40)
  })

  it('that touch are one', () => {
    const text = words(100)
    const sections = renderSections(
      text,
      chunksOf(text, (ordinal) => (ordinal < 3 ? 1 : 0)).slice(0, 3),
      { tokens: 25, count: 3 },
      wordTokenizer,
    )
    expect(sections).toHaveLength(1)
  })

  it('are the beginning of the best chunk where not even that fits', () => {
    const text = words(100)
    const [section] = renderSections(
      text,
      chunksOf(text, () => 1),
      { tokens: 3, count: 1 },
      wordTokenizer,
    )
    expect(section!.tokens).toBeLessThanOrEqual(3)
    expect(section!.text).toBe('word0 word1 word2')
  })

  it('never exceed the budget, never repeat text, and are what the text says there', () => {
    const text = fc.array(fc.constantFrom('alpha', 'b', '\n\n', 'x'.repeat(30), '😀', '東京'), { minLength: 1, maxLength: 200 })
    const budget = fc.record({ tokens: fc.integer({ min: 1, max: 80 }), count: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(text, budget, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (parts, limits, scores) => {
        const whole = parts.join(' ')
        const chunks = chunksOf(whole, () => scores.next().value!)
        if (chunks.length === 0) return
        const sections = renderSections(whole, chunks, limits, wordTokenizer)
        expect(sections.length).toBeGreaterThan(0)
        expect(sections.length).toBeLessThanOrEqual(limits.count)
        expect(sections.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(limits.tokens)
        let last = 0
        for (const { text: section, start, end, tokens } of sections) {
          expect(section).toBe(whole.slice(start, end))
          expect(section.isWellFormed()).toBe(true)
          expect(tokens).toBe(tokensOf(section))
          expect(start).toBeGreaterThanOrEqual(last)
          last = end
        }
      }),
    )
  })
})
