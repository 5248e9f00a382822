import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachWord, wordLengthMax } from './words.js'

function wordsOf(text: string): string[] {
  const words: string[] = []
  forEachWord(text, (word) => words.push(word))
  return words
}

describe('the words of a text', () => {
  test.each([
    ["Newton's 2nd law", ['newton', 's', '2nd', 'law']],
    ['Mach-5, re-entry; x_1', ['mach', '5', 're', 'entry', 'x', '1']],
    ['Ｆｕｌｌ ﬁgure ①', ['full', 'figure', '1']],
    ['ΣΊΣΥΦΟΣ Ёлка', ['σίσυφος', 'ёлка']],
    ['e\u0301te\u0301', ['été']],
    ['東京都 café 猫', ['東京', '京都', 'café', '猫']],
    ['サーバーの', ['サー', 'ーバ', 'バー', 'ーの']],
    ['นาย', ['นา', 'าย']],
    ['हिन्दी', ['हिन्दी']],
    ['a\ud800b 😀 \udc00', ['a', 'b']],
    ['  ', []],
  ])('of %j', (text, words) => expect(wordsOf(text)).toEqual(words))

  test('are cut where they are too long, never within a character', () => {
    const long = 'x'.repeat(10_000)
    expect(wordsOf(`${long} ${long}é`)).toEqual(['x'.repeat(wordLengthMax), 'x'.repeat(wordLengthMax)])
    const letter = '𝒳'.normalize('NFKC') === '𝒳' ? '𝒳' : '𐐨'
    expect(wordsOf(`x${letter.repeat(100)}`)).toEqual([`x${letter.repeat((wordLengthMax - 2) / 2)}`])
  })

  test('of ten megabytes are found, one by one or all in one', () => {
    expect(wordsOf('word '.repeat(200_000))).toHaveLength(200_000)
    expect(wordsOf('w'.repeat(10_000_000))).toHaveLength(1)
  })

  test('are well-formed, not empty, and those of the words themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of wordsOf(text)) {
          expect(word.isWellFormed() && word.length > 0 && word.length <= wordLengthMax).toBe(true)
          expect(wordsOf(word)).toEqual([word])
        }
      }),
    )
  })
})
