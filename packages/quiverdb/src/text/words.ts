import { characterStart } from './characters.js'

/** Longer words (in UTF-16 code units) are cut: nobody types them, and a file of base64 is one. Documented in `docs/LIMITS.md`. */
export const wordLengthMax = 64

/** Scripts that put no space between words. U+30FC lengthens a vowel of kana and belongs to both kinds of it. */
const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u30fc\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const pieces = new RegExp(`[${unspaced}]+|(?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}])+`, 'gu')
const startsUnspaced = new RegExp(`^[${unspaced}]`, 'u')
const onlyAscii = /^[\0-\x7f]*$/
const asciiWords = /[a-z0-9]+/g

/**
 * Calls back for the words of a text, in order, in lower case and in the compatibility form of Unicode (NFKC): runs of letters, digits and marks. Of scripts
 * without spaces between words (Han, kana, Thai, Lao, Khmer, Burmese) every two neighbouring characters are a word. This is a regular expression and
 * not `Intl.Segmenter`, whose dictionaries differ from one system to the next: what it makes of a text changes only with letters that Unicode adds.
 *
 * @example
 * ```ts
 * forEachWord("Newton's 2nd law, 東京都", (word) => console.log(word)) // newton, s, 2nd, law, 東京, 京都
 * ```
 */
export function forEachWord(text: string, visit: (word: string) => void): void {
  if (onlyAscii.test(text)) {
    for (const [word] of text.toLowerCase().matchAll(asciiWords)) visit(cut(word))
    return
  }
  for (const [piece] of text.normalize('NFKC').toLowerCase().matchAll(pieces)) {
    if (!startsUnspaced.test(piece)) visit(cut(piece))
    else forEachPair(piece, visit)
  }
}

function cut(word: string): string {
  return word.length <= wordLengthMax ? word : word.slice(0, characterStart(word, wordLengthMax))
}

/** A character alone is a word of its own. */
function forEachPair(piece: string, visit: (word: string) => void): void {
  let before: string | undefined
  let pairs = 0
  for (const character of piece) {
    if (before !== undefined) {
      visit(before + character)
      pairs++
    }
    before = character
  }
  if (pairs === 0) visit(piece)
}
