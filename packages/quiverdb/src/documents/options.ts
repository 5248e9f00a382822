import * as v from 'valibot'
import { limitMax } from '../collection/options.js'
import { QuiverError } from '../errors.js'
import type { DocumentsOptions } from './types.js'

/** Documented limits (`docs/LIMITS.md`). */
export const uriBytesMax = 1_000
export const documentsPerCallMax = 10_000
export const chunksPerCallMax = 50_000
const chunkTokensMin = 16
const chunkTokensMax = 8_192
const documentLimitMax = 1_000
const sectionTokensMax = 1_000_000
const sectionsMax = 100
const questionLengthMax = 32_768

export const chunkTokensDefault = 512
export const documentLimitDefault = 10
export const chunkLimitDefault = 50
export const sectionTokensDefault = 1_000
export const sectionsDefault = 3

const count = (min: number, max: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)))
const tokenizer = v.custom<NonNullable<DocumentsOptions['tokenizer']>>(
  (value) => typeof (value as { encode?: unknown } | null)?.encode === 'function',
  'a tokenizer with a function `encode`',
)
const embedder = v.custom<NonNullable<DocumentsOptions['embedder']>>((value) => {
  const { id, embed } = (value ?? {}) as { id?: unknown; embed?: unknown }
  return typeof id === 'string' && id.length > 0 && typeof embed === 'function'
}, 'an embedder with an `id` and a function `embed`')
const cache = v.custom<NonNullable<DocumentsOptions['cache']>>((value) => {
  const { get, put } = (value ?? {}) as { get?: unknown; put?: unknown }
  return typeof get === 'function' && typeof put === 'function'
}, 'a cache with the functions `get` and `put`')

export const documentsOptions = v.strictObject({
  embedder: v.optional(embedder),
  chunkTokens: count(chunkTokensMin, chunkTokensMax),
  overlapTokens: count(0, chunkTokensMax / 2),
  tokenizer: v.optional(tokenizer),
  cache: v.optional(cache),
  concurrency: count(1, 64),
  retryMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  fetch: v.optional(
    v.strictObject({
      allowPrivateAddresses: v.optional(v.boolean()),
      bytesMax: count(1, 1024 ** 3),
      headers: v.optional(v.record(v.string(), v.string())),
      redirectsMax: count(0, 20),
      timeoutMs: count(1, 24 * 3_600_000),
    }),
  ),
  // Checked where the indexes are made.
  language: v.optional(v.any()),
  index: v.optional(v.strictObject({ codes: v.optional(v.any()), mode: v.optional(v.any()), preset: v.optional(v.any()) })),
})

const plainObject = v.custom<{ [name: string]: unknown }>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object of fields',
)

const signal = v.optional(v.instance(AbortSignal))
const text = v.optional(v.string())
export const documentInput = v.strictObject({
  uri: text,
  text,
  file: text,
  url: text,
  docType: text,
  metadata: v.optional(plainObject),
})
export const upsertDocumentsOptions = v.strictObject({
  force: v.optional(v.boolean()),
  signal,
  onProgress: v.optional(v.function()),
})
export const documentSearch = v.strictObject({
  text: v.pipe(
    v.string(),
    v.maxLength(questionLengthMax),
    v.check((question) => question.trim() !== '', 'a question that is not empty'),
  ),
  mode: v.optional(v.picklist(['vector', 'keyword', 'hybrid'])),
  where: v.optional(v.unknown()),
  limit: count(1, documentLimitMax),
  chunks: count(1, limitMax),
  sections: v.optional(v.strictObject({ tokens: count(1, sectionTokensMax), count: count(1, sectionsMax) })),
  signal,
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(0))),
})

/** @throws QuiverError ABORTED */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new QuiverError('ABORTED', 'The documents were not written: the call was aborted.', { cause: signal.reason })
}
