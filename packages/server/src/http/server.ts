import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import { fastify, LogController, type FastifyReply, type FastifyRequest } from 'fastify'
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Database } from 'quiverdb'
import { checkAddress, grant } from './access.js'
import { readJsonBodies } from './body.js'
import type { Context } from './context.js'
import { OpenCollections } from './open-collections.js'
import { describeApi } from './openapi.js'
import { logAnswer, logOf } from './operations/log.js'
import { Metrics } from './operations/metrics.js'
import { RecallSamples } from './operations/recall-samples.js'
import { operationRoutes } from './operations/routes.js'
import { type ServerOptions, type ServerSettings, settingsOf } from './options.js'
import { answerError, answerUnknownRoute } from './problems.js'
import { rushAccess } from './rushdb/access.js'
import { Sessions } from './keys/sessions.js'
import { rushdbRoutes } from './rushdb/routes.js'
import { bulkRoutes } from './routes/bulk.js'
import { historyRoutes } from './routes/history.js'
import { recordRoutes } from './routes/records.js'
import { searchRoutes } from './routes/search.js'
import { structureRoutes } from './routes/structure.js'
import { upkeepRoutes } from './routes/upkeep.js'
import type { App } from './schemas/shared.js'
import { validatorCompiler } from './validation.js'

/** Ids and names in a path, as percent-encoded bytes: an id has at most 1,024. */
const paramLengthMax = 4_096
const requestId = /^[\w.:-]{1,64}$/
const idleCheckMs = 50

/** A database behind HTTP. Made by {@link createServer}. */
export interface QuiverServer {
  /**
   * Begins to listen. @param address port 0 chooses a free one; default 127.0.0.1:7700. Returns the URL.
   * @throws QuiverError INVALID_ARGUMENT: an address that others can reach, and no keys
   */
  listen(address?: { host?: string; port?: number }): Promise<string>
  /** Accepts no more, answers what has begun, and resolves. The database stays open: whoever opened it closes it. */
  close(): Promise<void>
}

export const portDefault = 7700
export const hostDefault = '127.0.0.1'

/**
 * Serves a database over HTTP: the native API under `/v1`, its description at `/openapi.json` and `/docs`, `/health`, `/ready` and `/metrics`. See `docs/SERVER.md`.
 *
 * @example
 * ```ts
 * const db = await open('./data')
 * const server = await createServer(db, { keys: await ApiKeys.open('./data/keys') })
 * console.log(await server.listen({ port: 7700 }))
 * // later
 * await server.close()
 * await db.close()
 * ```
 */
export async function createServer(db: Database, options: ServerOptions = {}): Promise<QuiverServer> {
  const settings = settingsOf(options)
  const stopping = new AbortController()
  const { embedder, takesOver } = settings
  const open = new OpenCollections(db, { embedder, takesOver, onError: (err) => failed('the embedder could not be given')(err) })
  const context: Context = {
    db,
    open,
    settings,
    metrics: new Metrics(() => open.namespaces),
    sessions: settings.rushdb && new Sessions(settings.rushdb),
    stopping: stopping.signal,
  }
  const app = newApp(settings)
  const failed = (what: string) => (err: unknown) => app.log.error({ err }, what)
  await assemble(app, context)
  await app.ready()
  const resumed = open.resume().catch((err: unknown) => {
    if (!stopping.signal.aborted) failed('managed indexes could not be opened')(err)
  })
  settings.keys?.watch(failed('the keys could not be read'))
  const samples =
    settings.recallEveryMs === undefined
      ? undefined
      : new RecallSamples(settings.recallEveryMs, () => open.namespaces, context.metrics, failed('recall could not be measured'))

  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    app.log.info('shutting down')
    stopping.abort()
    settings.keys?.close()
    await samples?.close()
    await closeConnections(app, settings.shutdownMs)
    await open.close()
    await resumed
    app.log.info('stopped')
  }
  return {
    async listen({ host = hostDefault, port = portDefault } = {}) {
      checkAddress(host, settings.keys)
      await app.listen({ host, port, listenTextResolver: (address) => `listening on ${address}` })
      return urlOf(app.server.address() as AddressInfo, settings.tls !== undefined)
    },
    close: () => (closing ??= close()),
  }
}

function newApp(settings: ServerSettings): App {
  const { tls, bodyBytesMax } = settings
  const prefix = randomBytes(6).toString('hex')
  let requests = 0
  const app = fastify({
    loggerInstance: logOf(settings),
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs more than the request; the lines that are written name its id.
    childLoggerFactory: (logger) => logger,
    serverFactory: (handler) => (tls ? https.createServer(tls, handler) : http.createServer(handler)),
    bodyLimit: bodyBytesMax,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: paramLengthMax },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      return typeof given === 'string' && requestId.test(given) ? given : `${prefix}-${(requests++).toString(36)}`
    },
    frameworkErrors: answerError,
  }) as unknown as App
  app.setValidatorCompiler(validatorCompiler())
  // Answers are plain JSON already; a serialiser by schema would drop what records may hold.
  app.setSerializerCompiler(() => JSON.stringify)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(answerUnknownRoute)
  readJsonBodies(app)
  return app
}

async function assemble(app: App, context: Context): Promise<void> {
  const { settings, metrics } = context
  app.decorateRequest('access', null)
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    metrics.began()
    void reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const milliseconds = reply.elapsedTime
    metrics.answered(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode, milliseconds / 1000)
    logAnswer(request, reply, milliseconds)
    done()
  })
  if (settings.corsOrigins.length > 0)
    await app.register(cors, {
      origin: settings.corsOrigins.includes('*') ? '*' : [...settings.corsOrigins],
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['x-request-id', 'x-quiver-version', 'retry-after'],
    })
  app.addHook('onRequest', (request: FastifyRequest, _reply: FastifyReply, done) => {
    const { rushdb } = request.routeOptions.config
    request.access = rushdb ? rushAccess(request, context, rushdb) : grant(request, settings.keys)
    done()
  })
  if (settings.requestsPerMinute !== undefined)
    await app.register(rateLimit, {
      max: settings.requestsPerMinute,
      timeWindow: '1 minute',
      keyGenerator: (request: FastifyRequest) => request.access?.id || request.ip,
      allowList: (request: FastifyRequest) => request.access === null,
    })
  await describeApi(app)
  operationRoutes(app, context)
  await app.register(async (native) => nativeRoutes(native as App, context), { prefix: '/v1' })
  await app.register(async (rushdb) => rushdbRoutes(rushdb as App, context), { prefix: '/api/v1' })
}

async function nativeRoutes(app: App, context: Context): Promise<void> {
  structureRoutes(app, context)
  recordRoutes(app, context)
  searchRoutes(app, context)
  historyRoutes(app, context)
  upkeepRoutes(app, context)
  await app.register(async (bulk) => bulkRoutes(bulk as App, context))
}

/** Connections close as they become idle; after the time, those that are left too. */
async function closeConnections(app: App, withinMs: number): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs)
  const late = setTimeout(() => app.server.closeAllConnections(), withinMs)
  try {
    await app.close()
  } finally {
    clearInterval(idle)
    clearTimeout(late)
  }
}

function urlOf({ address, family, port }: AddressInfo, secure: boolean): string {
  return `${secure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
