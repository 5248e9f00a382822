import { type TextChunk, TextSplitter, type TextSplitterConfig } from './text-splitter.js'

/**
 * The chunks of a document. One that a model does not take whole becomes several, rather than being cut off there.
 *
 * @param tokensMax what the model takes
 */
export function splitDocument(text: string, config: Partial<TextSplitterConfig>, tokensMax: number): TextChunk[] {
  const chunks = new TextSplitter(config).split(text)
  if (!chunks.some(({ tokens }) => tokens.length > tokensMax)) return chunks
  const finer = new TextSplitter({ ...config, chunkSize: Math.max(1, tokensMax), chunkOverlap: 0 })
  return chunks.flatMap((chunk) => {
    if (chunk.tokens.length <= tokensMax) return [chunk]
    const { startPos, endPos } = chunk
    const parts = finer.split(text.slice(startPos, endPos + 1))
    return parts.map((part) => ({ ...part, startPos: part.startPos + startPos, endPos: part.endPos + startPos }))
  })
}
