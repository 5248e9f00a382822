import { QuiverError } from '../errors.js'
import { characterEnd, characterStart } from './characters.js'
import { type FindCuts, waysToCut } from './cuts.js'
import { overlapStart } from './overlap.js'
import type { Tokenizer } from './tokenizer.js'

export interface SplitOptions {
  /** Tokens of a chunk, at most: 1 or more. Default: 512. Only a single character of more tokens makes a larger one. */
  chunkTokens?: number
  /** Tokens at the end of a chunk that the next one begins with, at most: up to half of `chunkTokens`. Default: an eighth of it. */
  overlapTokens?: number
  /** What the text is, such as `md`, `ts` or `html`, in any case. Others are cut at paragraphs, lines, sentences and words. */
  docType?: string
  tokenizer: Tokenizer
}

/** A piece of a text: `text` is `source.slice(start, end)`, in UTF-16 units. It neither begins nor ends with white space. */
export interface TextSpan {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Number of tokens of `text`. */
  readonly tokens: number
}

const chunkTokensDefault = 512
const overlapShareDefault = 1 / 8

/** A part with more characters for each token it may have is cut without counting; so no character is counted often. */
const charactersPerTokenMax = 12

/** A part of the text that is not cut further, with the sum of its tokens. */
interface Block {
  start: number
  end: number
  tokens: number
}

/**
 * Cuts a text into chunks for embedding. Cuts are made where the text is weakest: before headings and declarations of its type,
 * else between paragraphs, lines, sentences, words. What belongs together stays together while it fits, and neighbours
 * that fit together are one chunk. All but white space lies in some chunk.
 *
 * @returns chunks in the order of the text; none where it is blank
 * @throws QuiverError INVALID_ARGUMENT
 *
 * @example
 * ```ts
 * for (const { text, start, end } of splitText(source, { docType: 'md', chunkTokens: 256, tokenizer: o200kTokenizer }))
 *   assert(source.slice(start, end) === text)
 * ```
 */
export function splitText(text: string, options: SplitOptions): TextSpan[] {
  return [...chunksOf(text, options)]
}

/** Like {@link splitText}, one chunk at a time: for long texts whose reader has other things to do between two. */
export function* chunksOf(text: string, options: SplitOptions): Generator<TextSpan> {
  const { chunkTokens, overlapTokens } = checkedSizes(options)
  const { tokenizer } = options
  const count = (start: number, end: number): number => tokenizer.encode(text.slice(start, end)).length
  const parts = new TextParts(text, count, chunkTokens - overlapTokens, waysToCut(options.docType))

  /** The last chunk, and where the text begins that no chunk before it holds. */
  let last: { span: TextSpan; ownStart: number } | undefined
  for (const block of parts.blocks()) {
    for (const own of fitting(parts, block, count, chunkTokens)) {
      let start = last === undefined ? own.start : overlapStart(text, own.start, overlapTokens, count)
      let tokens = start === own.start ? own.tokens : count(start, own.end)
      if (tokens > chunkTokens) ({ start, tokens } = own)
      const span = { text: text.slice(start, own.end), start, end: own.end, tokens }
      // A heading that stands alone is dropped once the chunk behind it begins with it.
      const holdsLast = last !== undefined && start <= last.ownStart
      if (last !== undefined && !holdsLast) yield last.span
      last = { span, ownStart: holdsLast ? last!.ownStart : own.start }
    }
  }
  if (last !== undefined) yield last.span
}

function checkedSizes({ chunkTokens = chunkTokensDefault, overlapTokens }: SplitOptions): {
  chunkTokens: number
  overlapTokens: number
} {
  if (!Number.isSafeInteger(chunkTokens) || chunkTokens < 1)
    throw new QuiverError('INVALID_ARGUMENT', `chunkTokens is a whole number from 1 on, not ${chunkTokens}`)
  const overlap = overlapTokens ?? Math.floor(chunkTokens * overlapShareDefault)
  if (!Number.isSafeInteger(overlap) || overlap < 0 || overlap > chunkTokens / 2)
    throw new QuiverError(
      'INVALID_ARGUMENT',
      `overlapTokens is a whole number from 0 to half of chunkTokens (${chunkTokens}), not ${overlap}`,
    )
  return { chunkTokens, overlapTokens: overlap }
}

/** The block without white space around it and with its true number of tokens, which may differ from the sum over its parts. */
function* fitting(
  parts: TextParts,
  block: Block,
  count: (start: number, end: number) => number,
  chunkTokens: number,
): Generator<Block> {
  const trimmed = parts.trimmed(block)
  if (trimmed === undefined) return
  const tokens = count(trimmed.start, trimmed.end)
  if (tokens <= chunkTokens) yield { ...trimmed, tokens }
  else
    for (const window of parts.windows(trimmed.start, trimmed.end)) {
      const piece = parts.trimmed(window)
      if (piece !== undefined) yield { ...piece, tokens: count(piece.start, piece.end) }
    }
}

/** Takes a text apart, level by level, and puts together again what fits. */
class TextParts {
  readonly #text: string
  readonly #count: (start: number, end: number) => number
  readonly #tokensMax: number
  readonly #ways: readonly FindCuts[]

  constructor(text: string, count: (start: number, end: number) => number, tokensMax: number, ways: readonly FindCuts[]) {
    this.#text = text
    this.#count = count
    this.#tokensMax = tokensMax
    this.#ways = ways
  }

  blocks(): Generator<Block> {
    return this.#blocksOf(0, this.#text.length, 0)
  }

  *#blocksOf(start: number, end: number, level: number): Generator<Block> {
    if (end - start <= this.#tokensMax * charactersPerTokenMax) {
      const tokens = this.#count(start, end)
      if (tokens <= this.#tokensMax) {
        yield { start, end, tokens }
        return
      }
    }
    if (level === this.#ways.length) yield* this.windows(start, end)
    else yield* this.#together(this.#apart(start, end, level))
  }

  *#apart(start: number, end: number, level: number): Generator<Block> {
    let from = start
    for (const cut of this.#ways[level]!(this.#text.slice(start, end))) {
      yield* this.#blocksOf(from, start + cut, level + 1)
      from = start + cut
    }
    yield* this.#blocksOf(from, end, level + 1)
  }

  *#together(blocks: Iterable<Block>): Generator<Block> {
    let open: Block | undefined
    for (const block of blocks) {
      if (open !== undefined && open.tokens + block.tokens <= this.#tokensMax) {
        open = { start: open.start, end: block.end, tokens: open.tokens + block.tokens }
      } else {
        if (open !== undefined) yield open
        open = block
      }
    }
    if (open !== undefined) yield open
  }

  /** Cuts between characters, where nothing else is left. */
  *windows(start: number, end: number): Generator<Block> {
    let length = this.#tokensMax * 4
    while (start < end) {
      const reach = Math.max(characterStart(this.#text, Math.min(end, start + length)), characterEnd(this.#text, start))
      // Without white space around it, as it will be: a word may take more tokens than with the space before it.
      const own = this.trimmed({ start, end: reach })
      const tokens = own === undefined ? 0 : this.#count(own.start, own.end)
      const isSmallest = reach === characterEnd(this.#text, start)
      // Aimed a little low, so that the next try fits.
      const aimed = Math.max(1, Math.floor(((reach - start) * this.#tokensMax * 0.95) / Math.max(1, tokens)))
      if (tokens > this.#tokensMax && !isSmallest) {
        length = Math.min(aimed, reach - start - 1)
        continue
      }
      yield { start, end: reach, tokens }
      start = reach
      length = aimed
    }
  }

  trimmed({ start, end }: Pick<Block, 'start' | 'end'>): { start: number; end: number } | undefined {
    const part = this.#text.slice(start, end)
    const lead = part.length - part.trimStart().length
    if (lead === part.length) return undefined
    return { start: start + lead, end: start + part.trimEnd().length }
  }
}
