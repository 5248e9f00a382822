import fc from 'fast-check'
import { expect, it } from 'vitest'
import { o200kTokenizer } from './o200k-tokenizer.js'

it('encodes as the models do', () => {
  expect(o200kTokenizer.encode('hello world')).toEqual([24912, 2375])
  expect(o200kTokenizer.decode([24912, 2375])).toBe('hello world')
})

it('takes the names of special tokens as text', () => {
  const text = 'before <|endoftext|> and <|im_start|> after'
  expect(o200kTokenizer.decode(o200kTokenizer.encode(text))).toBe(text)
})

it('takes runs of any length, in time that grows with it', () => {
  for (const run of ['a', ' ', '\n', '語', '😀', '=']) {
    const text = `${run.repeat(100_000)} end`
    expect(o200kTokenizer.decode(o200kTokenizer.encode(text))).toBe(text)
  }
})

it('gives back every well-formed text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(o200kTokenizer.decode(o200kTokenizer.encode(text))).toBe(text)
    }),
  )
})
