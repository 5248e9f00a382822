import type { FastifyInstance } from 'fastify'
import { isUtf8 } from 'node:buffer'
import { QuiverError } from 'quiverdb'

/**
 * Reads bodies of JSON. An empty one is none, whatever its type says: some clients declare JSON on every request. Names such as `__proto__` are kept as
 * names: `JSON.parse` makes them properties of their own, and nothing here copies them by assignment.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      done(null, body.length === 0 ? undefined : jsonOf(body))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** @throws QuiverError INVALID_ARGUMENT */
function jsonOf(body: Buffer): unknown {
  if (!isUtf8(body)) throw new QuiverError('INVALID_ARGUMENT', 'The body is not UTF-8.')
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch (cause) {
    throw new QuiverError('INVALID_ARGUMENT', `The body is not JSON: ${(cause as Error).message.slice(0, 200)}.`, { cause })
  }
}
