import type { FastifyInstance, FastifyBaseLogger, FastifyTypeProvider, RawServerDefault } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Static, type TSchema, Type } from 'typebox'
import type { Filter } from 'quiverdb'
import type { WireRecord, WireVector } from '../vectors.js'

/** Handlers get the types of their schemas. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: unknown
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** An object that has these properties and no others. */
export function strict<P extends Record<string, TSchema>>(properties: P, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description && { description }) })
}

export const optional = Type.Optional

/** What the library checks itself, and knows better how to name. */
export const where = Type.Unsafe<Filter>({
  type: 'object',
  description: 'A filter in the style of MongoDB: {"year": {"$gte": 1955}}',
})

export const vector = Type.Unsafe<WireVector>({
  type: ['array', 'string'],
  description: 'A list of numbers, or little-endian float32 as base64',
})

export const record = Type.Unsafe<WireRecord>({
  type: 'object',
  description:
    'Any JSON fields; `id`, `$vectors` (vectors of external indexes by name) and `$packed` (fields whose vectors are base64 float32) are special',
})

export const version = Type.String({ description: 'A version, such as main@12', examples: ['main@12'] })

export const namespaceParams = strict({ namespace: Type.String() })
export const collectionParams = strict({ namespace: Type.String(), collection: Type.String() })
export const atQuery = strict({ at: optional(Type.String({ description: 'Read as it was at this version; absent: as it is' })) })

export const readOptions = {
  fields: optional(Type.Array(Type.String(), { description: 'Only these fields, as dotted paths' })),
  vectors: optional(Type.Boolean({ description: 'Also `$vectors`, the vectors of external indexes' })),
}

export const limit = Type.Integer({ minimum: 1, maximum: 10_000 })
export const written = { version }

export const problem = strict(
  {
    error: strict({ code: Type.String(), message: Type.String(), details: Type.Record(Type.String(), Type.Unknown()) }),
    requestId: Type.String(),
  },
  'What was refused or failed',
)

/** The answers of a route: what it gives, and the errors that every route may give. */
export function answers<S extends TSchema>(schema: S, status: 200 | 201 = 200) {
  return { [status]: schema, '4xx': problem, '5xx': problem }
}
