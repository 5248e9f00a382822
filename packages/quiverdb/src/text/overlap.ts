import { characterStart } from './characters.js'

/** Characters that one token stands for, at most, in what an overlap looks back over. */
const charactersPerToken = 12

const wordStart = /(?<=\s)\S/g

/**
 * Where the overlap before `end` begins: the earliest word whose text up to `end` has at most `tokensMax` tokens, or the earliest
 * character where words are longer than that.
 *
 * @param count tokens of the text between two positions
 * @returns `end` where there is no room for any
 */
export function overlapStart(
  text: string,
  end: number,
  tokensMax: number,
  count: (start: number, end: number) => number,
): number {
  if (tokensMax === 0 || end === 0) return end
  const from = characterStart(text, Math.max(0, end - tokensMax * charactersPerToken))
  const words = Array.from(text.slice(from, end).matchAll(wordStart), ({ index }) => from + index)
  if (from === 0 && /^\S/.test(text)) words.unshift(0)
  const fits = (start: number): boolean => count(start, end) <= tokensMax
  const word = firstThat(words.length, (i) => fits(words[i]!))
  if (word < words.length) return words[word]!
  const lengthMax = end - from
  const start = from + firstThat(lengthMax, (i) => fits(characterStart(text, from + i)))
  const character = start < end ? characterStart(text, start) : end
  return end - text.slice(character, end).trimStart().length
}

/** The first of 0 to `length` - 1 that holds, when all behind it do too; `length` if none does. */
function firstThat(length: number, holds: (i: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
