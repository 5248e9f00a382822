import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import type { Embedder } from '../embed/embedder.js'
import { pathLengthMax } from '../filter/condition.js'
import { formatWhere } from '../filter/format-where.js'
import { parseWhere } from '../filter/where.js'
import type { WhereInput } from '../filter/where-types.js'
import type { IndexDefinition, TextDefinition } from '../history/commit.js'
import { analyserName } from '../text/analyser.js'
import { textLanguages } from '../text/language.js'
import type { IndexOptions } from './types.js'
import type { TextOptions } from './text-types.js'

/** Documented limits (`docs/LIMITS.md`). */
export const dimensionsMax = 16_384
export const nameLengthMax = 128
export const indexesMax = 64
export const fieldsMax = 64
export const textsMax = 16
export const sortFieldsMax = 8
export const facetFieldsMax = 64
export const limitMax = 10_000
export const embedderIdMax = 4_096
export const offsetMax = 100_000
export const efMax = 100_000
export const sampleMax = 10_000

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(nameLengthMax))

const fieldPath = v.pipe(
  v.string(),
  v.maxLength(pathLengthMax),
  v.check((path) => !path.split('.').includes(''), 'a path has no empty part: "author.name", not "author..name" or ""'),
)
const fieldPaths = v.array(fieldPath)

const indexOptions = v.strictObject({
  name: v.optional(name),
  field: fieldPath,
  dimensions: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(dimensionsMax)),
  metric: v.optional(v.picklist(['cosine', 'dot', 'l2'])),
  source: v.optional(v.picklist(['field', 'external', 'managed'])),
  where: v.optional(v.unknown()),
  zeroVectors: v.optional(v.picklist(['refuse', 'keep'])),
  codes: v.optional(v.picklist(['int8', 'float32'])),
  preset: v.optional(v.picklist(['default', 'highRecall', 'highSpeed'])),
  mode: v.optional(v.picklist(['speed', 'balanced', 'memory'])),
})

const embedder = v.looseObject({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(embedderIdMax)),
  dimensions: v.optional(indexOptions.entries.dimensions),
  embed: v.function(),
})

const managedOptions = v.strictObject({
  ...indexOptions.entries,
  dimensions: v.optional(indexOptions.entries.dimensions),
  embedder: v.optional(v.custom<Embedder>((value) => v.is(embedder, value), 'an embedder has an `id` and a function `embed`')),
})

/** @throws QuiverError INVALID_ARGUMENT */
export function checkedEmbedder(value: Embedder): Embedder {
  checked(embedder, value, 'embedder')
  return value
}

/** Of an index that only its embedder could tell, and has not been asked for. */
export const unknownDimensions = 0

/**
 * Fills in the defaults of an index and refuses what is no index. A managed one may have no embedder, and unknown dimensions.
 * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER, DIMENSION_MISMATCH
 */
export function indexDefinition(options: IndexOptions, uuid: string): IndexDefinition {
  const isManaged = options?.source === 'managed'
  const {
    name,
    field,
    dimensions = unknownDimensions,
    metric = 'cosine',
    source = 'field',
    where,
    codes = 'int8',
    preset = 'default',
    mode,
    zeroVectors,
    ...given
  } = checked(isManaged ? managedOptions : indexOptions, options, 'index')
  const embedder = 'embedder' in given ? given.embedder : undefined
  if (['id', '$vectors'].includes(field.split('.')[0]!)) {
    throw new QuiverError('INVALID_ARGUMENT', `'${field}' cannot be indexed: 'id' and '$vectors' are reserved names.`)
  }
  if (codes === 'float32' && mode !== undefined && mode !== 'memory')
    throw new QuiverError('INVALID_ARGUMENT', `An index over float32 codes has no mode '${mode}'; leave it out.`)
  return {
    uuid,
    name: name ?? field,
    field,
    source,
    ...(isManaged && { embedder: embedder?.id ?? '' }),
    dimensions: embedder ? embeddedDimensions(name ?? field, dimensions, embedder) : dimensions,
    metric,
    zeroVectors: zeroVectors ?? (metric === 'cosine' ? 'refuse' : 'keep'),
    codes,
    preset,
    ...(mode !== undefined && { mode }),
    ...(where !== undefined && { where: plainWhere(where) }),
  }
}

/** What is declared and what the embedder says of itself. */
function embeddedDimensions(name: string, declared: number, { id, dimensions = declared }: Embedder): number {
  if (declared === unknownDimensions || declared === dimensions) return dimensions
  throw new QuiverError(
    'DIMENSION_MISMATCH',
    `Index '${name}' is declared with ${declared} dimensions; the embedder '${id}' gives vectors of ${dimensions}.`,
    { details: { actual: dimensions, expected: declared, index: name } },
  )
}

/** Paths of fields whose values are indexed or counted, each once; every id is another. @throws QuiverError INVALID_ARGUMENT */
export function declaredPaths(paths: readonly string[]): string[] {
  const found = [...new Set(checked(fieldPaths, paths, 'fields'))]
  const reserved = found.find((path) => ['id', '$vectors'].includes(path.split('.')[0]!))
  if (reserved === undefined) return found
  throw new QuiverError('INVALID_ARGUMENT', `'${reserved}' cannot be indexed or counted: 'id' and '$vectors' are reserved names.`)
}

const textOptions = v.array(v.strictObject({ field: fieldPath, language: v.optional(v.picklist(textLanguages)) }))

/** Text indexes to declare. @throws QuiverError INVALID_ARGUMENT: also where a field is named twice */
export function textDefinitions(texts: readonly TextOptions[]): TextDefinition[] {
  const definitions = checked(textOptions, texts, 'texts').map(({ field, language = 'none' }) => ({
    field,
    analyser: analyserName(language),
  }))
  const fields = definitions.map(({ field }) => field)
  if (declaredPaths(fields).length === fields.length) return definitions
  throw new QuiverError('INVALID_ARGUMENT', 'A field is named twice among the texts; it has one text index at most.')
}

/** Whether a declaration means the index that there is. A managed one may leave out what is known, and name another embedder. */
export function sameIndex(known: IndexDefinition, wanted: IndexDefinition): boolean {
  if (wanted.source !== 'managed' || !known.embedder) return meaningOf(known) === meaningOf(wanted)
  const { embedder, dimensions } = known
  const isOtherModel = wanted.embedder !== '' && wanted.embedder !== embedder
  const open = isOtherModel || wanted.dimensions === unknownDimensions
  return meaningOf(known) === meaningOf({ ...wanted, embedder, dimensions: open ? dimensions : wanted.dimensions })
}

function meaningOf({ where, ...definition }: IndexDefinition): string {
  return JSON.stringify({ ...definition, uuid: '', where: where === undefined ? undefined : plainWhere(where) })
}

/** A filter as JSON holds it, whatever it was written with (dates, patterns, functions that build it). */
function plainWhere(where: unknown): WhereInput {
  return formatWhere(parseWhere(where))
}

const count = (least: number, most: number) => v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)))
const read = { fields: v.optional(v.array(v.string())), vectors: v.optional(v.boolean()) }
const where = v.optional(v.unknown())

/** Documented in `docs/LIMITS.md`. */
const overqueryMax = 1_000
const candidatesMax = 100_000_000
export const queryTextMax = 32_768

export const searchOptions = v.strictObject({
  ...read,
  vector: v.optional(v.unknown()),
  text: v.optional(v.pipe(v.string(), v.maxLength(queryTextMax))),
  field: v.optional(v.string()),
  index: v.optional(v.string()),
  where,
  limit: count(1, limitMax),
  offset: count(0, offsetMax),
  maxDistance: v.optional(v.number()),
  exact: v.optional(v.boolean()),
  ef: count(1, efMax),
  strategy: v.optional(v.picklist(['auto', 'preFilter', 'postFilter'])),
  overquery: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(overqueryMax))),
  maxScanCandidates: count(1, candidatesMax),
  explain: v.optional(v.boolean()),
  recall: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  signal: v.optional(v.instance(AbortSignal)),
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(0))),
})

type SearchOptions = v.InferOutput<typeof searchOptions>

/** What the schema says of the options that most searches have, for less time than a search ought to spend on it. */
export function checkedSearch(query: SearchOptions): SearchOptions {
  return isPlain(query) ? query : checked(searchOptions, query, 'search')
}

function isPlain(query: { readonly [key: string]: unknown } | null): boolean {
  if (typeof query !== 'object' || query === null || Array.isArray(query)) return false
  for (const key in query) {
    if (key === 'vector') continue
    const value = query[key]
    if (key === 'limit' ? isCount(value, limitMax) : key === 'ef' ? isCount(value, efMax) : false) continue
    if (key === 'fields' && Array.isArray(value) && value.length === 0) continue
    return false
  }
  return true
}

function isCount(value: unknown, most: number): boolean {
  return value === undefined || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most)
}

const words = {
  text: v.pipe(v.string(), v.maxLength(queryTextMax)),
  field: v.optional(v.string()),
  operator: v.optional(v.picklist(['or', 'and'])),
  where,
  limit: count(1, limitMax),
  offset: count(0, offsetMax),
  signal: v.optional(v.instance(AbortSignal)),
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(0))),
}

export const textSearchOptions = v.strictObject({ ...read, ...words, explain: v.optional(v.boolean()) })

const weight = v.pipe(v.number(), v.finite(), v.minValue(0))

export const hybridSearchOptions = v.strictObject({
  ...read,
  ...words,
  vector: v.optional(v.unknown()),
  index: v.optional(v.string()),
  fusion: v.optional(v.union([v.literal('rrf'), v.strictObject({ weights: v.strictObject({ vector: weight, text: weight }) })])),
  candidates: count(1, limitMax + offsetMax),
  exact: v.optional(v.boolean()),
  ef: count(1, efMax),
  recall: v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
})

export const evaluateOptions = v.strictObject({
  field: v.optional(v.string()),
  index: v.optional(v.string()),
  vectors: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(sampleMax))),
  sample: count(1, sampleMax),
  k: count(1, limitMax),
  efs: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(efMax)))),
  signal: v.optional(v.instance(AbortSignal)),
  onProgress: v.optional(v.function()),
})

const sortField = v.union([
  v.pipe(
    fieldPath,
    v.transform((field): { field: string; order?: 'asc' | 'desc'; missing?: 'first' | 'last' } => ({ field })),
  ),
  v.strictObject({
    field: fieldPath,
    order: v.optional(v.picklist(['asc', 'desc'])),
    missing: v.optional(v.picklist(['first', 'last'])),
  }),
])
export const listOptions = v.strictObject({
  ...read,
  where,
  orderBy: v.optional(
    v.union([
      v.pipe(v.array(sortField), v.minLength(1), v.maxLength(sortFieldsMax)),
      v.pipe(
        sortField,
        v.transform((field) => [field]),
      ),
    ]),
  ),
  limit: count(1, limitMax),
  after: v.optional(v.string()),
})
export const distinctOptions = v.strictObject({ where, limit: count(1, limitMax) })
export const facetOptions = v.strictObject({
  fields: v.pipe(v.array(fieldPath), v.minLength(1), v.maxLength(facetFieldsMax)),
  where,
  limit: count(1, limitMax),
})
/** `where` is read by its own parser; it must be there, so that nobody means one record and changes all. */
export const deleteWhere = v.strictObject({ where: v.nonOptional(v.unknown()) })
export const updateWhere = v.strictObject({ where: v.nonOptional(v.unknown()), set: v.record(v.string(), v.unknown()) })
export const countOptions = v.strictObject({ where })
export const readOptions = v.strictObject(read)
export const writeOptions = v.strictObject({ signal: v.optional(v.instance(AbortSignal)) })
export const collectionName = v.pipe(name, v.regex(/^[^\p{Cc}]+$/u, 'a name without control characters'))

/** What schemas pass to each other, where a value fits and where not. See `CollectionReader`, which keeps them. */
export const checkShapes: readonly unknown[] = [true, 0].map((value) => v.boolean()['~run']({ value }, {}))

/** Checks a caller's argument; the error names the place. @throws QuiverError INVALID_ARGUMENT */
export function checked<const S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const path = v.getDotPath(issue)
  throw new QuiverError('INVALID_ARGUMENT', `Invalid ${what}${path ? `, '${path}'` : ''}: ${issue.message}.`, {
    details: { path: path ?? '' },
  })
}
