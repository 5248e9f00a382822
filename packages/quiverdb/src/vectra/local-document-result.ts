import type { Tokenizer } from '../text/tokenizer.js'
import type { DocumentChunkMetadata, DocumentTextSection } from './document-types.js'
import { type DocumentPlace, LocalDocument } from './local-document.js'
import { type Chunk, sectionsAround, topChunkSection } from './sections.js'
import type { QueryResult } from './types.js'

/** A document with the chunks of it that a query has found. */
export class LocalDocumentResult extends LocalDocument {
  /** What stands between parts of a section that are apart in the document. */
  static readonly CONNECTOR = '\n\n...\n\n'

  readonly #chunks: QueryResult<DocumentChunkMetadata>[]
  readonly #tokenizer: Tokenizer

  constructor(index: DocumentPlace, id: string, uri: string, chunks: QueryResult<DocumentChunkMetadata>[], tokenizer: Tokenizer) {
    super(index, id, uri)
    this.#chunks = chunks
    this.#tokenizer = tokenizer
  }

  get chunks(): QueryResult<DocumentChunkMetadata>[] {
    return this.#chunks
  }

  /** The mean of the chunks' scores. */
  get score(): number {
    return meanOf(this.#chunks.map(({ score }) => score))
  }

  /**
   * All chunks in the order of the document, as few sections as hold them.
   *
   * @param maxTokens of a section
   */
  async renderAllSections(maxTokens: number): Promise<DocumentTextSection[]> {
    const text = await this.loadText()
    const sections: DocumentTextSection[] = []
    let open: Chunk[] = []
    const flush = (): void => {
      if (open.length === 0) return
      const tokens = open.flatMap((chunk) => chunk.tokens)
      const score = meanOf(open.map((chunk) => chunk.score))
      sections.push(
        this.#section(
          tokens,
          score,
          open.every((chunk) => chunk.isBm25),
        ),
      )
      open = []
    }
    for (const chunk of this.#read(text, this.#chunks).sort((a, b) => a.start - b.start)) {
      if (chunk.tokens.length > maxTokens) {
        flush()
        for (let at = 0; at < chunk.tokens.length; at += Math.max(1, maxTokens))
          sections.push(this.#section(chunk.tokens.slice(at, at + Math.max(1, maxTokens)), chunk.score, chunk.isBm25))
        continue
      }
      if (open.reduce((sum, { tokens }) => sum + tokens.length, chunk.tokens.length) > maxTokens) flush()
      open.push(chunk)
    }
    flush()
    return sections
  }

  /**
   * The parts of the document where most was found, for a prompt: the whole of it if it is short enough.
   *
   * @param maxTokens of a section
   * @param maxSections of those found by vector, and again of those found by keywords, which follow
   * @param overlappingChunks Mark gaps and fill sections up with the text around them. Default: true.
   */
  async renderSections(maxTokens: number, maxSections: number, overlappingChunks = true): Promise<DocumentTextSection[]> {
    const length = await this.getLength()
    const text = await this.loadText()
    if (length <= maxTokens) return [{ text, tokenCount: length, score: 1, isBm25: false }]
    const sections: DocumentTextSection[] = []
    for (const isBm25 of [false, true]) {
      const chunks = this.#chunks.filter((chunk) => isFoundByKeywords(chunk) === isBm25)
      if (chunks.length === 0) continue
      const built = this.buildSectionsFor(text, chunks, isBm25, maxTokens, maxSections, overlappingChunks)
      sections.push(...built.slice(0, maxSections))
    }
    return sections
  }

  protected buildSectionsFor(
    docText: string,
    chunks: QueryResult<DocumentChunkMetadata>[],
    isBm25: boolean,
    maxTokens: number,
    maxSections: number,
    overlappingChunks: boolean,
  ): DocumentTextSection[] {
    const connector = overlappingChunks ? LocalDocumentResult.CONNECTOR : undefined
    const options = { tokenizer: this.#tokenizer, maxTokens, maxSections, connector }
    const sections = sectionsAround(docText, this.#read(docText, chunks), options)
    if (sections === undefined) return this.buildFallbackTopChunkSection(docText, chunks, isBm25, maxTokens)
    return sections.map((section) => ({ ...section, isBm25 }))
  }

  /** The best chunk, as far as it fits. */
  protected buildFallbackTopChunkSection(
    docText: string,
    chunks: QueryResult<DocumentChunkMetadata>[],
    isBm25: boolean,
    maxTokens: number,
  ): DocumentTextSection[] {
    const section = topChunkSection(this.#read(docText, chunks), { tokenizer: this.#tokenizer, maxTokens })
    return section === undefined ? [] : [{ ...section, isBm25 }]
  }

  #section(tokens: number[], score: number, isBm25: boolean): DocumentTextSection {
    return { text: this.#tokenizer.decode(tokens), tokenCount: tokens.length, score, isBm25 }
  }

  #read(text: string, chunks: readonly QueryResult<DocumentChunkMetadata>[]): Chunk[] {
    return chunks.map((chunk) => {
      const { startPos, endPos } = chunk.item.metadata
      const piece = text.substring(startPos, endPos + 1)
      const tokens = this.#tokenizer.encode(piece)
      return { start: startPos, end: endPos, text: piece, tokens, score: chunk.score, isBm25: isFoundByKeywords(chunk) }
    })
  }
}

function isFoundByKeywords({ item }: QueryResult<DocumentChunkMetadata>): boolean {
  return ([true, 'true', 1, '1'] as unknown[]).includes(item.metadata.isBm25)
}

function meanOf(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
