import type { Tokenizer } from '../text/tokenizer.js'
import type { ChunkHit, Section } from './types.js'

/** A stretch of the text with the score of its best chunk. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly score: number
}

/** What is left of a budget below this is not worth growing into. */
const growTokensMin = 16

/**
 * Passages for a prompt. A document that fits is one section. Otherwise chunks are taken best first, each joined with what it touches, while
 * the sections are few enough and fit together; what is left of the budget is filled with the text around them. No text is in two sections.
 *
 * @param text of the document
 * @param chunks of it that were found, best first; at least one
 * @returns in the order of the text
 */
export function renderSections(
  text: string,
  chunks: readonly ChunkHit[],
  { tokens, count }: { tokens: number; count: number },
  tokenizer: Tokenizer,
): Section[] {
  const measure = (start: number, end: number): number => tokenizer.encode(text.slice(start, end)).length
  const all = fitsAtAll(text, tokens) ? measure(0, text.length) : Infinity
  if (all <= tokens) return [{ text, start: 0, end: text.length, tokens: all, score: chunks[0]!.score }]

  const sum = (stretches: readonly Stretch[]): number =>
    stretches.reduce((total, { start, end }) => total + measure(start, end), 0)
  let chosen: Stretch[] = []
  for (const chunk of chunks) {
    const wanted = joined(text, [...chosen, chunk])
    if (wanted.length <= count && sum(wanted) <= tokens) chosen = wanted
  }
  // Where not even the best chunk fits, its beginning is better than nothing.
  if (chosen.length === 0) chosen = [beginning(text, chunks[0]!, tokens, measure)]
  const grown = grow(text, chosen, tokens, sum)
  return grown.map(({ start, end, score }) => ({ text: text.slice(start, end), start, end, tokens: measure(start, end), score }))
}

/** No token has more characters than this on average, so longer texts need not be counted. */
const charactersPerTokenMax = 16

function fitsAtAll(text: string, tokens: number): boolean {
  return text.length <= tokens * charactersPerTokenMax
}

/** In the order of the text; stretches with nothing but white space between them are one. */
function joined(text: string, stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = []
  for (const next of [...stretches].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last && (next.start <= last.end || text.slice(last.end, next.start).trim() === '')) {
      result[result.length - 1] = {
        start: last.start,
        end: Math.max(last.end, next.end),
        score: Math.max(last.score, next.score),
      }
    } else result.push({ start: next.start, end: next.end, score: next.score })
  }
  return result
}

/** As much of the chunk's beginning as fits, up to the end of a word where there is one. */
function beginning(text: string, chunk: Stretch, tokens: number, measure: (start: number, end: number) => number): Stretch {
  let low = chunk.start
  let high = chunk.end
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (measure(chunk.start, middle) <= tokens) low = middle
    else high = middle - 1
  }
  const end = wordEnd(text, low, chunk.start)
  return { start: chunk.start, end, score: chunk.score }
}

/** Halves what it tries to add until it fits. */
function grow(text: string, chosen: Stretch[], tokens: number, sum: (stretches: readonly Stretch[]) => number): Stretch[] {
  const used = sum(chosen)
  const characters = chosen.reduce((total, { start, end }) => total + end - start, 0)
  const spare = tokens - used
  if (spare < growTokensMin) return chosen
  let reach = Math.floor((spare * (characters / Math.max(1, used))) / chosen.length / 2)
  for (; reach >= 1; reach = Math.floor(reach / 2)) {
    const wider = chosen.map(({ start, end, score }) => ({
      start: wordStart(text, Math.max(0, start - reach), start),
      end: wordEnd(text, Math.min(text.length, end + reach), end),
      score,
    }))
    const wanted = joined(text, wider)
    if (sum(wanted) <= tokens) return wanted
  }
  return chosen
}

/** The beginning of the first word from a position on, but not behind `most`. */
function wordStart(text: string, at: number, most: number): number {
  if (at === 0) return 0
  while (at < most && !/\s/.test(text[at - 1]!)) at++
  return at
}

/** The end of the last word up to a position; `least` if there is none behind it. */
function wordEnd(text: string, at: number, least: number): number {
  if (at >= text.length) return text.length
  let end = at
  while (end > least && !/\s/.test(text[end]!)) end--
  if (end > least) return end
  return isLowSurrogate(text, at) ? Math.max(least, at - 1) : Math.max(least, at)
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
