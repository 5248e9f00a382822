import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Tokenizer } from '../text/tokenizer.js'
import { GPT3Tokenizer } from './gpt3-tokenizer.js'
import { TextSplitter } from './text-splitter.js'

const characters: Tokenizer = {
  encode: (text) => Array.from(text, (character) => character.codePointAt(0)!),
  decode: (tokens) => String.fromCodePoint(...tokens),
}

const textsOf = (text: string, config: ConstructorParameters<typeof TextSplitter>[0]): string[] =>
  new TextSplitter({ chunkOverlap: 0, tokenizer: characters, ...config }).split(text).map((chunk) => chunk.text)

it('cuts where Vectra does', () => {
  const markdown = '# T\n\nintro\n\n## Sub\n\ntext here\n\n## Two\nmore'
  expect(textsOf(markdown, { docType: 'md', keepSeparators: true, chunkSize: 8 })).toEqual([
    ...['# T\n', 'intro\n', '## ', 'Sub\n', 'text her', 'e\n', '## ', 'Two\nmore'],
  ])
  expect(textsOf(markdown, { docType: 'md', chunkSize: 8 })).toEqual(['# Tintro', 'Sub', 'text her', 'e', 'Two more'])
})

it('takes runs that decorate words away, unless separators are kept', () => {
  expect(textsOf('---Hello---World ***', { chunkSize: 64 })).toEqual(['HelloWorld ***'])
  expect(textsOf('---Hello---World', { chunkSize: 64, keepSeparators: true })).toEqual(['---Hello---World'])
})

it('tells the tokens of the neighbours', () => {
  const [first, second] = new TextSplitter({ chunkSize: 3, chunkOverlap: 2, tokenizer: characters }).split('abcdef')
  expect(first).toMatchObject({ text: 'abc', startOverlap: [], endOverlap: characters.encode('de') })
  expect(second).toMatchObject({ text: 'def', startOverlap: characters.encode('bc'), endOverlap: [] })
})

it.each([
  [{ chunkSize: 0 }, 'chunkSize must be >= 1'],
  [{ chunkSize: NaN }, 'chunkSize must be >= 1'],
  [{ chunkSize: 10, chunkOverlap: -1 }, 'chunkOverlap must be >= 0'],
  [{ chunkSize: 10 }, 'chunkOverlap must be <= chunkSize'],
])('is refused with %j', (config, message) => {
  expect(() => new TextSplitter(config)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
})

it('splits text with the names of special tokens', () => {
  const [chunk] = new TextSplitter().split('before <|endoftext|> after')
  expect(new GPT3Tokenizer().decode(chunk!.tokens)).toBe('before <|endoftext|> after')
})

it('has true positions where separators are kept, behind windows of tokens too', () => {
  const piece = fc.oneof(
    fc.constantFrom('\n\n', '\n', ' ', '\nclass ', '\n## ', '// LLM-REGION', 'if (a) ', '\t', '---'),
    fc.lorem({ maxCount: 8 }),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom('ts', 'md', undefined),
      (text, chunkSize, docType) => {
        const splitter = new TextSplitter({ chunkSize, chunkOverlap: 0, docType, keepSeparators: true, tokenizer: characters })
        const words = (one: string): string => one.replace(/\s/g, '')
        const chunks = splitter.split(text)
        for (const { text: chunk, startPos, endPos, tokens } of chunks) {
          // Blank lines between pieces that are put together again are not kept.
          expect(words(text.slice(startPos, endPos + 1))).toBe(words(chunk))
          expect(tokens.length).toBeLessThanOrEqual(chunkSize)
        }
        expect(words(chunks.map((chunk) => chunk.text).join(''))).toBe(words(text))
      },
    ),
    { numRuns: 300 },
  )
})
