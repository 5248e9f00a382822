import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'

/** Bodies are as they are. The words of a URL become what the schema says they are. */
const options = { strict: false, allErrors: false, removeAdditional: false, useDefaults: false, validateFormats: false } as const

export function validatorCompiler(): FastifySchemaCompiler<TSchema> {
  const ofBodies = new Ajv(options)
  const ofUrls = new Ajv({ ...options, coerceTypes: 'array' })
  return ({ schema, httpPart }) => (httpPart === 'body' ? ofBodies : ofUrls).compile(schema)
}
