import { Type } from 'typebox'
import { limit, optional, readOptions, record, strict, vector, version, where } from './shared.js'

const hit = strict({ id: Type.String(), distance: Type.Number({ description: "The metric's own; smaller is nearer" }), record })
const which = {
  field: optional(Type.String({ description: "Which field's index; needed where the collection has several" })),
  index: optional(Type.String({ description: 'Which index, where several share a field' })),
}

export const searchQuery = strict({
  vector: optional(vector),
  text: optional(Type.String({ description: 'Instead of `vector`: what to look for in a managed index', maxLength: 32_768 })),
  ...which,
  ...readOptions,
  where: optional(where),
  limit: optional(Type.Integer({ minimum: 1, maximum: 10_000, description: 'How many hits. Default: 10' })),
  offset: optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
  maxDistance: optional(Type.Number()),
  exact: optional(Type.Boolean({ description: 'Look at every vector' })),
  recall: optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'The share of the nearest that is to be found' })),
  ef: optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Candidates kept while walking, instead of `recall`' })),
  strategy: optional(Type.Unsafe<'auto' | 'preFilter' | 'postFilter'>({ enum: ['auto', 'preFilter', 'postFilter'] })),
  overquery: optional(Type.Number({ minimum: 1, maximum: 1_000 })),
  maxScanCandidates: optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  explain: optional(Type.Boolean()),
  timeoutMs: optional(Type.Number({ minimum: 0, description: 'Stop after this long with what was found' })),
})

export const searchResult = strict({
  hits: Type.Array(hit),
  complete: Type.Boolean({ description: 'False: time or candidates ran out, there may be nearer ones' }),
  version,
  explanation: optional(Type.Object({})),
})

export const queriesPerBatchMax = 100
export const searchBatch = strict({ queries: Type.Array(searchQuery, { minItems: 1, maxItems: queriesPerBatchMax }) })
export const searchResults = strict({ results: Type.Array(searchResult) })

export const evaluateQuery = strict({
  ...which,
  vectors: optional(Type.Array(vector, { maxItems: 10_000, description: 'What to search for; absent: rows of the index' })),
  sample: optional(limit),
  k: optional(limit),
  efs: optional(Type.Array(Type.Integer({ minimum: 1, maximum: 100_000 }), { maxItems: 100 })),
})

export const evaluation = Type.Object({
  k: Type.Integer(),
  queries: Type.Integer(),
  efforts: Type.Array(Type.Object({ ef: Type.Integer(), recall: Type.Number(), milliseconds: Type.Number() })),
  targets: Type.Array(Type.Object({ recall: Type.Number(), efs: Type.Array(Type.Number()) })),
  graphs: Type.Array(Type.Unknown()),
  complete: Type.Boolean(),
})

const sortField = Type.Unsafe<string | { field: string; order?: 'asc' | 'desc'; missing?: 'first' | 'last' }>({
  description: "'year', or { field: 'year', order: 'desc', missing: 'first' }",
})

export const listQuery = strict({
  ...readOptions,
  where: optional(where),
  orderBy: optional(Type.Array(sortField, { minItems: 1, maxItems: 8 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: 10_000, description: 'How many records. Default: 100' })),
  after: optional(Type.String({ description: '`next` of the page before' })),
})
export const page = strict({ records: Type.Array(record), next: optional(Type.String()) })

export const countQuery = strict({ where: optional(where) })
export const count = strict({ count: Type.Integer() })

const valueCount = strict({ value: Type.Unknown(), count: Type.Integer() })
export const distinctQuery = strict({ field: Type.String(), where: optional(where), limit: optional(limit) })
export const distinctValues = strict({ values: Type.Array(valueCount) })
export const facetsQuery = strict({
  fields: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }),
  where: optional(where),
  limit: optional(limit),
})
export const facets = strict({ facets: Type.Record(Type.String(), Type.Array(valueCount)) })
