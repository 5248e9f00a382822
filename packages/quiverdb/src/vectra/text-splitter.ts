import { separatorsOf } from '../text/separators.js'
import type { Tokenizer } from '../text/tokenizer.js'
import { GPT3Tokenizer } from './gpt3-tokenizer.js'
import { VectraError } from './vectra-error.js'

export interface TextSplitterConfig {
  /** Texts to cut at, the strongest first; an empty list means those of `docType`. A single space means windows of `chunkSize` tokens. */
  separators: string[]
  /** Whether a separator stays at the end of the piece before it. Default: false. */
  keepSeparators: boolean
  /** Tokens of a chunk, at most; one that is put together from pieces has at most as many characters, too. Default: 400. */
  chunkSize: number
  /** Tokens of its neighbours that a chunk tells, at most `chunkSize`. Default: 40. */
  chunkOverlap: number
  /** Default: `GPT3Tokenizer`. */
  tokenizer: Tokenizer
  /** Such as `md`, `ts` or `html`. */
  docType?: string
}

/** A piece of a text. */
export interface TextChunk {
  text: string
  tokens: number[]
  /** Position of its first character in the text. */
  startPos: number
  /** Position of its last character. */
  endPos: number
  /** The last tokens of the chunk before. They are not part of `text`. */
  startOverlap: number[]
  /** The first tokens of the chunk behind. They are not part of `text`. */
  endOverlap: number[]
}

const chunkSizeDefault = 400
const chunkOverlapDefault = 40

/** Runs that may be there only to decorate. */
const decoration = /([-*=_])\1{2,}/g

/**
 * Cuts texts as Vectra does, so that its indexes and ours have the same chunks. Its chunks do not overlap, and their size is bounded by
 * characters too: documents of collections are cut better, by `splitText`.
 *
 * Positions are those of the text. (In Vectra, all behind the first window of tokens are shifted.)
 *
 * @throws VectraError INVALID_ARGUMENT from the constructor
 *
 * @example
 * ```ts
 * const splitter = new TextSplitter({ chunkSize: 200, chunkOverlap: 0, docType: 'md' })
 * const chunks = splitter.split(markdown)
 * ```
 */
export class TextSplitter {
  readonly #separators: readonly string[]
  readonly #keepSeparators: boolean
  readonly #size: number
  readonly #overlap: number
  readonly #tokenizer: Tokenizer

  constructor(config: Partial<TextSplitterConfig> = {}) {
    this.#separators = config.separators?.length ? [...config.separators] : separatorsOf(config.docType?.toLowerCase())
    this.#keepSeparators = config.keepSeparators ?? false
    this.#size = config.chunkSize ?? chunkSizeDefault
    this.#overlap = config.chunkOverlap ?? chunkOverlapDefault
    this.#tokenizer = config.tokenizer ?? new GPT3Tokenizer()
    if (!(this.#size >= 1)) throw new VectraError('INVALID_ARGUMENT', 'chunkSize must be >= 1')
    if (!(this.#overlap >= 0)) throw new VectraError('INVALID_ARGUMENT', 'chunkOverlap must be >= 0')
    if (this.#overlap > this.#size) throw new VectraError('INVALID_ARGUMENT', 'chunkOverlap must be <= chunkSize')
  }

  split(text: string): TextChunk[] {
    const chunks = this.#split(text, 0, 0)
    if (this.#overlap > 0)
      for (const [i, chunk] of chunks.entries()) {
        chunk.startOverlap = chunks[i - 1]?.tokens.slice(-this.#overlap) ?? []
        chunk.endOverlap = chunks[i + 1]?.tokens.slice(0, this.#overlap) ?? []
      }
    return chunks
  }

  /** @param position of the first character of `text` in the whole */
  #split(text: string, position: number, level: number): TextChunk[] {
    const separator = this.#separators[level]
    if (separator === undefined) return this.#leaf(text, position)
    const pieces = separator === ' ' ? this.#windowsOf(text, position) : this.#piecesOf(text, position, separator)
    const chunks: TextChunk[] = []
    for (const piece of pieces) chunks.push(...this.#split(piece.text, piece.position, level + 1))
    return this.#together(chunks, separator)
  }

  *#piecesOf(text: string, position: number, separator: string): Generator<Piece> {
    const parts = text.split(separator)
    for (const [i, part] of parts.entries()) {
      const piece = this.#keepSeparators && i < parts.length - 1 ? part + separator : part
      if (/\S/.test(piece)) yield { text: piece, position }
      position += part.length + separator.length
    }
  }

  *#windowsOf(text: string, position: number): Generator<Piece> {
    for (const window of this.#windows(text, position)) {
      // With separators kept, a window is never longer than its tokens: what is cut off it is white space at its start.
      const piece = this.#keepSeparators && !window.isLast ? withoutLead(window) : window
      if (/\S/.test(piece.text)) yield piece
    }
  }

  /** Consecutive pieces of at most `chunkSize` tokens. */
  *#windows(text: string, position: number): Generator<Piece & { isLast: boolean }> {
    const tokens = this.#tokenizer.encode(text)
    if (tokens.length <= this.#size) {
      yield { text, position, isLast: true }
      return
    }
    const end = position + text.length
    for (let i = 0; i < tokens.length; i += this.#size) {
      const window = this.#tokenizer.decode(tokens.slice(i, i + this.#size))
      const isLast = i + this.#size >= tokens.length
      yield { text: window, position: Math.min(position, end), isLast }
      position += window.length
    }
  }

  #leaf(text: string, position: number): TextChunk[] {
    const tokens = this.#tokenizer.encode(text)
    if (tokens.length > this.#size) {
      const windows = [...this.#windows(text, position)].flatMap((window) => this.#chunk(withoutLead(window)))
      return this.#together(windows, '')
    }
    if (text.length <= this.#size || /\s/.test(text) || this.#separators.some((separator) => text.includes(separator)))
      return this.#chunk({ text, position })
    const chunks: TextChunk[] = []
    for (let at = 0; at < text.length; at += this.#size)
      chunks.push(...this.#chunk({ text: text.slice(at, at + this.#size), position: position + at }))
    return chunks
  }

  /** The piece as a chunk, unless it is blank. */
  #chunk({ text: whole, position: startPos }: Piece): TextChunk[] {
    const text = this.#keepSeparators ? whole : undecorated(whole)
    if (!/\S/.test(text)) return []
    const tokens = this.#tokenizer.encode(text)
    return [{ text, tokens, startPos, endPos: startPos + whole.length - 1, startOverlap: [], endOverlap: [] }]
  }

  /** Neighbours that fit are one chunk. */
  #together(chunks: TextChunk[], separator: string): TextChunk[] {
    const joiner = this.#keepSeparators ? '' : /[\n\t]/.test(separator) ? ' ' : ''
    const joined: TextChunk[] = []
    for (const chunk of chunks) {
      const last = joined.at(-1)
      if (last !== undefined && this.#fits(last, chunk, joiner)) {
        last.text += joiner + chunk.text
        last.tokens = [...last.tokens, ...chunk.tokens]
        last.endPos = chunk.endPos
      } else joined.push(chunk)
    }
    return joined
  }

  #fits(a: TextChunk, b: TextChunk, joiner: string): boolean {
    return (
      a.tokens.length + b.tokens.length <= this.#size &&
      a.text.length + joiner.length + b.text.length <= this.#size &&
      hasWords(a) &&
      hasWords(b)
    )
  }
}

interface Piece {
  readonly text: string
  readonly position: number
}

function withoutLead({ text, position }: Piece): Piece {
  const trimmed = text.trimStart()
  return { text: trimmed, position: position + text.length - trimmed.length }
}

/** Without runs that touch a word; those between spaces stay. */
function undecorated(text: string): string {
  return text.replace(decoration, (run: string, _character: string, at: number) => {
    const touches = /\S/.test((text[at - 1] ?? ' ') + (text[at + run.length] ?? ' '))
    return touches ? '' : run
  })
}

const hasWords = ({ text }: TextChunk): boolean => /[A-Za-z0-9]/.test(text)
