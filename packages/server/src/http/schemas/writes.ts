import { Type } from 'typebox'
import { optional, record, strict, vector, where, written } from './shared.js'

const ids = Type.Array(Type.String(), { maxItems: 100_000 })
/** Bounds of lists that the library has too; a longer one is `LIMIT_EXCEEDED` there. */
const records = Type.Array(record)
const set = Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'Top-level fields and their new values' })
const vectorItems = Type.Array(
  strict({
    id: Type.String(),
    vector: Type.Unsafe<string | readonly number[] | null>({ ...vector, type: ['array', 'string', 'null'] }),
  }),
)

export const upsertBody = strict({ records })
export const upserted = strict({ ids: Type.Array(Type.String()), ...written })
export const getBody = strict({ ids, fields: optional(Type.Array(Type.String())), vectors: optional(Type.Boolean()) })
export const found = strict({ records: Type.Array(Type.Unsafe<object | null>({ type: ['object', 'null'] })) })

/** Either records with their ids, or a condition and what to set. */
export const updateBody = strict({ records: optional(records), where: optional(where), set: optional(set) })
export const updated = strict({ updated: Type.Integer(), ...written })
/** Either ids, or a condition. */
export const deleteBody = strict({ ids: optional(ids), where: optional(where) })
export const deleted = strict({ deleted: Type.Integer(), ...written })
export const vectorsBody = strict({ items: vectorItems })
export const justWritten = strict(written)

const inCollection = { collection: Type.String() }
export const operation = Type.Union([
  strict({ op: Type.Literal('upsert'), ...inCollection, records }),
  strict({ op: Type.Literal('update'), ...inCollection, id: Type.String(), set }),
  strict({ op: Type.Literal('update'), ...inCollection, where, set }),
  strict({ op: Type.Literal('delete'), ...inCollection, ids }),
  strict({ op: Type.Literal('delete'), ...inCollection, where }),
  strict({ op: Type.Literal('setVectors'), ...inCollection, index: Type.String(), items: vectorItems }),
  strict(
    { op: Type.Literal('expect'), ...inCollection, where, count: Type.Integer({ minimum: 0 }) },
    'Refuses all with CONFLICT unless exactly so many records match at this place of the list',
  ),
])
const operationsMax = 10_000
export const transactionBody = strict({ operations: Type.Array(operation, { minItems: 1, maxItems: operationsMax }) })
export const transacted = strict({
  results: Type.Array(
    strict({ ids: optional(Type.Array(Type.String())), updated: optional(Type.Integer()), deleted: optional(Type.Integer()) }),
  ),
  ...written,
})
