import type { Filter } from '../filter/where-types.js'
import type { TextLanguage } from '../text/language.js'
import type { Fields, ReadOptions, Stored, VectorInput } from './types.js'

/** Declares a text index: the words of a field can be searched. */
export interface TextOptions {
  /** Dotted path of a text, or of a list with texts in it. */
  field: string
  /** Whose words they are: they are stemmed, and stop words left out. Default: `none`. */
  language?: TextLanguage
}

export interface TextStatus {
  readonly field: string
  readonly language: TextLanguage
  /** What makes terms of texts and queries, as it is recorded, e.g. `english-1`. */
  readonly analyser: string
  /** Records that a stored index covers. */
  readonly indexed: number
  /** The others: in memory, in small parts, or in parts whose turn comes. Searches index them in memory. */
  readonly unindexed: number
}

/** A search by words. */
export interface TextQuery extends ReadOptions {
  /** Words to look for, at most 32,768 UTF-16 code units; each counts once. */
  text: string
  /** Which field's text index; needed when the collection has more than one. */
  field?: string
  /** Whether records need one of the words or all of them. Default: `or`. */
  operator?: 'or' | 'and'
  where?: Filter
  /** 1 to 10,000. Default: 10. */
  limit?: number
  /** 0 to 100,000: leaves out the best ones. Default: 0. */
  offset?: number
  /** Also return what the scores were made of. Default: false. */
  explain?: boolean
  signal?: AbortSignal
  /** Stop after this long and return what was found, with `complete: false`; nothing, where not even the words were counted. */
  timeoutMs?: number
}

export interface TextHit<T extends object = Fields> {
  readonly id: string
  /** BM25, above 0. It depends on all records of the version, matching `where` or not, and compares only within one field of it. */
  readonly score: number
  readonly record: Stored<T>
}

/** What the scores of a text search were made of. */
export interface TextExplanation {
  /** The terms that the words became, sorted, and how many records have each. */
  readonly terms: readonly { readonly term: string; readonly records: number }[]
  /** Records with any term in the field. */
  readonly records: number
  /** Of their texts, in terms. */
  readonly averageLength: number
}

export interface TextSearchResult<T extends object = Fields> {
  /** Best first; equal scores by id. */
  readonly hits: readonly TextHit<T>[]
  /** How many records would be hits without a limit. */
  readonly matches: number
  /** False when time ran out first: then there may be better records. */
  readonly complete: boolean
  /** Where it was asked for. */
  readonly explanation?: TextExplanation
  /** The version that was searched. */
  readonly version: string
}

/**
 * How the answers by words and by a vector become one. Weights: the weighted sum of both scores, each divided by the best one of its kind; below 0
 * counts as 0. Of vectors the score is the cosine, the dot product, or 1 / (1 + squared distance). `rrf`: the sum of 1 / (60 + rank), which looks at places only.
 */
export type Fusion = 'rrf' | { readonly weights: { readonly vector: number; readonly text: number } }

export interface HybridQuery extends Omit<TextQuery, 'explain'> {
  /** As many numbers as the vector index has dimensions. It must not change before the search resolves. Default: of a managed index, that of the text. */
  vector?: VectorInput
  /** Which vector index, by name; needed when the collection has more than one. */
  index?: string
  /** Default: `{ weights: { vector: 0.5, text: 0.5 } }`. */
  fusion?: Fusion
  /** How many records each of the two searches finds, 1 to 110,000, at least limit + offset. Default: 100. */
  candidates?: number
  /** Of the search by vector, as in `search`. */
  exact?: boolean
  ef?: number
  recall?: number
}

export interface HybridHit<T extends object = Fields> {
  readonly id: string
  /** By the fusion; compares within one answer only. */
  readonly score: number
  /** Absent: it has none of the words. `rank`: its place among those that words found, from 1 on; absent: it was not among them. */
  readonly text?: { readonly score: number; readonly rank?: number }
  /** Absent: it has no vector. */
  readonly vector?: { readonly distance: number; readonly rank?: number }
  readonly record: Stored<T>
}

export interface HybridSearchResult<T extends object = Fields> {
  /** Best first; equal scores by id. */
  readonly hits: readonly HybridHit<T>[]
  /** False when time ran out first. */
  readonly complete: boolean
  /** The version that was searched. */
  readonly version: string
}
