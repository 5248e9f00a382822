import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { o200kTokenizer } from './o200k-tokenizer.js'
import { chunksOf, splitText, type TextSpan } from './split-text.js'
import type { Tokenizer } from './tokenizer.js'

/** One token for each character. */
const characters: Tokenizer = {
  encode: (text) => Array.from(text, (character) => character.codePointAt(0)!),
  decode: (tokens) => String.fromCodePoint(...tokens),
}

const textsOf = (spans: TextSpan[]): string[] => spans.map(({ text }) => text)
const paragraphOf = (words: number, word = 'word'): string => Array.from({ length: words }, (_, i) => `${word}${i}`).join(' ')

describe('a text that is split', () => {
  it('is one chunk where it fits', () => {
    expect(splitText('  a short text\n', { tokenizer: o200kTokenizer })).toEqual([
      { text: 'a short text', start: 2, end: 14, tokens: 3 },
    ])
  })

  it('has no chunk where it is blank', () => {
    expect(splitText('', { tokenizer: characters })).toEqual([])
    expect(splitText(' \n\t\n '.repeat(100), { chunkTokens: 10, tokenizer: characters })).toEqual([])
  })

  it('is cut before headings, which go with what they head', () => {
    const text = `# Title\n\nintro\n\n## One\n\n${paragraphOf(8)}\n\n## Two\n\n${paragraphOf(9)}\n`
    const chunks = splitText(text, { docType: 'md', chunkTokens: 70, overlapTokens: 0, tokenizer: characters })
    expect(textsOf(chunks)).toEqual(['# Title\n\nintro', `## One\n\n${paragraphOf(8)}`, `## Two\n\n${paragraphOf(9)}`])
  })

  it('is cut before the declarations of a language, known by its name or by the extension of a file', () => {
    const functions = ['fn one() {\n\n  1\n}\n', 'fn two() {\n\n  2\n}\n', 'fn three() {\n\n  3\n}']
    for (const docType of ['rust', 'rs', 'RS']) {
      const chunks = splitText(functions.join('\n'), { docType, chunkTokens: 24, overlapTokens: 0, tokenizer: characters })
      expect(textsOf(chunks)).toEqual(functions.map((one) => one.trim()))
    }
  })

  it('is cut between sentences and words where lines are too long', () => {
    const text = 'One sentence here. Another one there! A third?'
    expect(textsOf(splitText(text, { chunkTokens: 20, overlapTokens: 0, tokenizer: characters }))).toEqual([
      'One sentence here.',
      'Another one there!',
      'A third?',
    ])
    expect(textsOf(splitText('aaaa bbbb cccc', { chunkTokens: 10, overlapTokens: 0, tokenizer: characters }))).toEqual([
      'aaaa bbbb',
      'cccc',
    ])
  })

  it('is cut between characters where there is nothing else, never within one', () => {
    const chunks = splitText('😀'.repeat(25), { chunkTokens: 10, overlapTokens: 0, tokenizer: characters })
    expect(textsOf(chunks).join('')).toBe('😀'.repeat(25))
    for (const { text } of chunks) expect(text).toMatch(/^(😀)+$/u)
  })

  it('has chunks that begin with the end of the one before', () => {
    const text = paragraphOf(200)
    const chunks = splitText(text, { chunkTokens: 100, overlapTokens: 30, tokenizer: characters })
    for (const [i, { start, end, tokens }] of chunks.entries()) {
      expect(tokens).toBeLessThanOrEqual(100)
      if (i === 0) continue
      const before = chunks[i - 1]!
      expect(before.end - start).toBeGreaterThan(20)
      expect(before.end - start).toBeLessThanOrEqual(30)
      expect(start).toBeGreaterThan(before.start)
      expect(end).toBeGreaterThan(before.end)
      // It begins with a whole word.
      expect(text[start - 1]).toBe(' ')
    }
  })

  it('has overlaps in text without spaces too', () => {
    const text = Array.from({ length: 300 }, (_, i) => String.fromCharCode(0x4e00 + i)).join('')
    const chunks = splitText(text, { chunkTokens: 100, overlapTokens: 20, tokenizer: characters })
    for (let i = 1; i < chunks.length; i++) expect(chunks[i - 1]!.end - chunks[i]!.start).toBe(20)
  })

  it('has no chunk that the next one holds whole', () => {
    const text = `# Title\n\n## One\n\n${paragraphOf(40)}`
    const [first] = splitText(text, { docType: 'md', chunkTokens: 120, overlapTokens: 20, tokenizer: characters })
    expect(first!.text).toMatch(/^# Title\n\n## One\n\nword0 /)
  })

  it('may be read one chunk at a time', () => {
    const chunks = chunksOf('word '.repeat(1_000_000), { chunkTokens: 50, tokenizer: o200kTokenizer })
    expect(chunks.next().value).toMatchObject({ start: 0, tokens: 44 })
  })

  it.each([
    { chunkTokens: 0 },
    { chunkTokens: 1.5 },
    { chunkTokens: NaN },
    { chunkTokens: 10, overlapTokens: 6 },
    { overlapTokens: -1 },
  ])('is refused with %j', (sizes) => {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error
    expect(() => splitText('a', { ...sizes, tokenizer: characters })).toThrow(refused)
  })

  const piece = fc.oneof(
    fc.constantFrom('\n\n', '\n', ' ', '. ', '\r\n', '\n## ', '\n### ', '```\n\n', '\nclass ', '<p>', '。', '\t', '# '),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.lorem({ maxCount: 12 }),
  )

  it('loses nothing but white space, keeps its positions and its sizes', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.constantFrom('md', 'ts', 'html', undefined),
        fc.constantFrom(characters, o200kTokenizer),
        (text, chunkTokens, share, docType, tokenizer) => {
          const overlapTokens = Math.floor(chunkTokens * share)
          const chunks = splitText(text, { chunkTokens, overlapTokens, docType, tokenizer })
          let covered = 0
          for (const { text: chunk, start, end, tokens } of chunks) {
            expect(chunk).toBe(text.slice(start, end))
            expect(chunk.trim()).toBe(chunk)
            expect(tokens).toBe(tokenizer.encode(chunk).length)
            if (Array.from(chunk).length > 1) expect(tokens).toBeLessThanOrEqual(chunkTokens)
            expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('')
            expect(end).toBeGreaterThan(covered)
            covered = end
          }
          expect(text.slice(covered).trim()).toBe('')
        },
      ),
      { numRuns: 400 },
    )
  })
})
