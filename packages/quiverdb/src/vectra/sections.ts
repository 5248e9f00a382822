import type { Tokenizer } from '../text/tokenizer.js'
import type { DocumentTextSection } from './document-types.js'

/** A chunk that was found, with its text. */
export interface Chunk {
  /** Position of its first character. */
  readonly start: number
  /** Position of its last character. */
  readonly end: number
  readonly text: string
  readonly tokens: number[]
  readonly score: number
  readonly isBm25: boolean
}

export interface SectionOptions {
  readonly tokenizer: Tokenizer
  readonly maxTokens: number
  readonly maxSections: number
  /** Put between chunks that are apart; sections are filled up with the text around them then, too. */
  readonly connector: string | undefined
}

type Section = Omit<DocumentTextSection, 'isBm25'>

interface Peak {
  readonly position: number
  readonly score: number
}

/** Where the scores of the chunks over a place sum up to less, nothing of interest is. */
const peakScoreMin = 0.1
/** With fewer tokens left, a section is not filled up. */
const fillTokensMin = 40
/** Characters of a token, at most, in the text that a section is filled up with. */
const charactersPerToken = 16

/**
 * Sections around the places where most was found: Vectra's way, which finds as many as there are places with little between them.
 *
 * @returns the best first; undefined where not even one chunk fits into one of them
 */
export function sectionsAround(text: string, chunks: readonly Chunk[], options: SectionOptions): Section[] | undefined {
  const peaks = peaksOf(chunks)
  const nearest = new Map<Peak, Chunk[]>(peaks.map((peak) => [peak, []]))
  for (const chunk of chunks) {
    const [peak] = [...peaks].sort((a, b) => distance(chunk, a) - distance(chunk, b))
    nearest.get(peak!)!.push(chunk)
  }
  const sections: Section[] = []
  for (const peak of peaks.sort((a, b) => b.score - a.score).slice(0, options.maxSections)) {
    const selected = select(nearest.get(peak)!, peak, options)
    if (selected.length === 0) return undefined
    sections.push(assemble(text, selected, options))
  }
  return sections.length === 0 ? undefined : sections
}

/** The best chunk as far as it fits; undefined where there is none. */
export function topChunkSection(
  chunks: readonly Chunk[],
  { tokenizer, maxTokens }: Pick<SectionOptions, 'tokenizer' | 'maxTokens'>,
): Section | undefined {
  const top = bestOf(chunks)
  if (top === undefined) return undefined
  const tokens = top.tokens.slice(0, Math.max(0, maxTokens))
  return { text: tokenizer.decode(tokens), tokenCount: tokens.length, score: top.score }
}

/** Walks over the places that chunks cover: a low one ends a peak, one that nothing covers does not. */
function peaksOf(chunks: readonly Chunk[]): Peak[] {
  const bounds = [...new Set(chunks.flatMap(({ start, end }) => [start, end + 1]))].sort((a, b) => a - b)
  const peaks: Peak[] = []
  let open: Peak | undefined
  for (const position of bounds) {
    const covering = chunks.filter(({ start, end }) => start <= position && position <= end)
    if (covering.length === 0) continue
    const score = covering.reduce((sum, chunk) => sum + (chunk.score || 0), 0)
    if (score >= peakScoreMin) {
      if (open === undefined || score > open.score) open = { position, score }
    } else if (open !== undefined) {
      peaks.push(open)
      open = undefined
    }
  }
  if (open !== undefined) peaks.push(open)
  const top = bestOf(chunks)
  return peaks.length === 0 && top !== undefined ? [{ position: centreOf(top), score: top.score }] : peaks
}

/** Takes the chunks nearest to the peak as long as there is room. */
function select(chunks: readonly Chunk[], peak: Peak, { tokenizer, maxTokens, connector }: SectionOptions): Chunk[] {
  const connectorTokens = connector === undefined ? 0 : tokenizer.encode(connector).length
  const selected: Chunk[] = []
  let used = 0
  for (const chunk of [...chunks].sort((a, b) => distance(a, peak) - distance(b, peak))) {
    const isApart = selected.length > 0 && !selected.some((one) => one.end + 1 === chunk.start || chunk.end + 1 === one.start)
    const cost = chunk.tokens.length + (isApart ? connectorTokens : 0)
    if (used + cost > maxTokens) continue
    selected.push(chunk)
    used += cost
  }
  return selected.sort((a, b) => a.start - b.start)
}

function assemble(text: string, chunks: readonly Chunk[], { tokenizer, maxTokens, connector }: SectionOptions): Section {
  const [first, last] = [chunks[0]!, chunks.at(-1)!]
  const parts: string[] = []
  let tokenCount = 0
  for (const [i, chunk] of chunks.entries()) {
    if (i > 0 && connector !== undefined && chunks[i - 1]!.end + 1 !== chunk.start) {
      parts.push(connector)
      tokenCount += tokenizer.encode(connector).length
    }
    parts.push(chunk.text)
    tokenCount += chunk.tokens.length
  }
  const left = maxTokens - tokenCount
  if (connector !== undefined && left > fillTokensMin) {
    const before = tokenizer.encode(text.slice(Math.max(0, first.start - left * charactersPerToken), first.start))
    const behind = tokenizer.encode(text.slice(last.end + 1, last.end + 1 + left * charactersPerToken))
    const lead = before.slice(before.length - Math.min(Math.ceil(left / 2), before.length))
    const trail = behind.slice(0, left - lead.length)
    parts.unshift(whole(tokenizer.decode(lead)))
    parts.push(whole(tokenizer.decode(trail)))
    tokenCount += lead.length + trail.length
  }
  const score = chunks.reduce((sum, chunk) => sum + chunk.score, 0) / chunks.length
  return { text: parts.join(''), tokenCount, score }
}

/** Without characters of which tokens hold a part only. */
const whole = (text: string): string => text.replace(/^\ufffd+|\ufffd+$/g, '')

const centreOf = ({ start, end }: Chunk): number => Math.floor((start + end) / 2)

const distance = (chunk: Chunk, { position }: Peak): number => Math.abs(centreOf(chunk) - position)

function bestOf(chunks: readonly Chunk[]): Chunk | undefined {
  let best: Chunk | undefined
  for (const chunk of chunks) if (best === undefined || chunk.score > best.score) best = chunk
  return best
}
