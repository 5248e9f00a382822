import type { FastifyReply, FastifyRequest } from 'fastify'
import { pino, type Logger } from 'pino'
import type { ServerSettings } from '../options.js'

const slowMs = 1_000

/**
 * The log of a server, one JSON object a line. It never holds a key: headers are not written, nor the part of a URL behind the question mark, and what is
 * named like a key is struck out wherever it should turn up.
 */
export function logOf({ logLevel, logTo }: ServerSettings): Logger {
  return pino(
    {
      name: 'quiver',
      level: logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['headers', '*.headers', 'authorization', '*.authorization', 'token', '*.token', 'key', '*.key'],
        remove: true,
      },
      serializers: {
        err: pino.stdSerializers.err,
        req: requestFacts,
        res: (reply: FastifyReply) => ({ status: reply.statusCode }),
      },
    },
    logTo ?? pino.destination({ fd: 1, sync: false }),
  )
}

function requestFacts(request: FastifyRequest): object {
  return { method: request.method, path: request.url.split('?')[0], from: request.ip }
}

/** One line for a request, when it is answered: at `debug`, or at `info` where it was slow. */
export function logAnswer(request: FastifyRequest, reply: FastifyReply, milliseconds: number): void {
  if (milliseconds < slowMs && !(request.log as Logger).isLevelEnabled('debug')) return
  const facts = {
    requestId: request.id,
    ...requestFacts(request),
    status: reply.statusCode,
    ms: Math.round(milliseconds),
    keyId: request.access?.id || undefined,
  }
  if (milliseconds >= slowMs) request.log.info(facts, 'slow request')
  else request.log.debug(facts, 'request')
}
