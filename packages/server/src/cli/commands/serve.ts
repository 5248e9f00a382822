import { type Command, Option } from 'commander'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { open } from 'quiverdb'
import type { Embedder } from 'quiverdb/embed'
import { checkAddress } from '../../http/access.js'
import { ApiKeys } from '../../http/keys/api-keys.js'
import type { LogLevel, ServerOptions } from '../../http/options.js'
import { createServer, hostDefault, portDefault } from '../../http/server.js'
import { embedderOf, type EmbedderOptions, parsedDimensions, withEmbedderOptions } from '../embedder-options.js'
import { usageError } from '../failure.js'
import { interrupt } from '../interrupt.js'
import { keysFolder, withKeysFolder } from './keys.js'
import { nameList, wholeNumber } from '../values.js'

const logLevels: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']
const mebibyte = 1024 * 1024
const portMax = 65_535
const bodyMibMax = 512
const memoryMibMax = 65_536
const searchThreadsMax = 64
/** More would take the memory's bandwidth from each other. */
const searchThreadsByDefault = 4
const requestsMax = 10_000_000
const recallMinutesMax = 10_000
const secondsMax = 3_600

interface ServeOptions extends Partial<EmbedderOptions> {
  db: string
  keys?: string
  host: string
  port: number
  tlsCert?: string
  tlsKey?: string
  cors: string[]
  rateLimit?: number
  bodyLimit: number
  memory?: number
  searchThreads: number
  searchTimeout: number
  shutdownTimeout: number
  recallEvery?: number
  logLevel: LogLevel
}

export function defineServe(program: Command): void {
  const command = program
    .command('serve')
    .description('serve the database over HTTP until SIGTERM or Ctrl-C; makes it when it is not there')
    .option('--db <folder>', 'folder of the database, or memory:', './data')
  withEmbedderOptions(withKeysFolder(command))
    .option('--host <address>', 'address to listen on; others than loopback need API keys (quiver keys create)', hostDefault)
    .option('--port <n>', 'port; 0 chooses a free one', wholeNumber(0, portMax), portDefault)
    .option('--tls-cert <file>', 'certificate (PEM), to serve HTTPS')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--cors <a,b>', 'origins whose pages may call from a browser; * for all', nameList, [])
    .option('--rate-limit <n>', 'requests of one key in a minute', wholeNumber(1, requestsMax))
    .option('--body-limit <MiB>', 'largest body; imports are not bound by it', wholeNumber(1, bodyMibMax), 32)
    .option('--memory <MiB>', 'memory for codes, graphs and searches (default: 2048)', wholeNumber(1, memoryMibMax))
    .option('--search-threads <n>', 'threads for the long pieces of searches', wholeNumber(0, searchThreadsMax), otherCores())
    .option('--search-timeout <seconds>', 'a search ends after this long with what it found', wholeNumber(1, secondsMax), 60)
    .option(
      '--shutdown-timeout <seconds>',
      'how long a shutdown waits for requests that have begun',
      wholeNumber(0, secondsMax),
      10,
    )
    .option(
      '--recall-every <minutes>',
      'measure the recall of one index in turn, for the metrics',
      wholeNumber(1, recallMinutesMax),
    )
    .addOption(new Option('--log-level <level>', 'debug: every request').choices(logLevels).default('info'))
    .action((options: ServeOptions) => serve(options))
}

/** One core answers requests. */
function otherCores(): number {
  return Math.min(searchThreadsByDefault, availableParallelism() - 1)
}

async function serve(options: ServeOptions): Promise<void> {
  const terminated = signalled()
  const settings = await serverOptions(options)
  // Before a database is made that will not be served.
  checkAddress(options.host, settings.keys)
  const db = await open(options.db, {
    searchThreads: options.searchThreads,
    ...(options.memory !== undefined && { memoryBytesMax: options.memory * mebibyte }),
  })
  try {
    const server = await createServer(db, settings)
    try {
      const url = await server.listen({ host: options.host, port: options.port })
      process.stderr.write(`Serving ${options.db} at ${url}, its description at ${url}/docs.\n`)
      if (!settings.keys?.required)
        process.stderr.write('No API keys: this machine alone may connect, and may do all. quiver keys create makes one.\n')
      await terminated
    } finally {
      await server.close()
    }
  } finally {
    await db.close()
  }
}

async function serverOptions(options: ServeOptions): Promise<ServerOptions> {
  const { tlsCert, tlsKey } = options
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw usageError('HTTPS needs both --tls-cert and --tls-key')
  const folder = keysFolder(options)
  const embedder = serverEmbedder(options)
  return {
    ...(embedder && { embedder }),
    ...(folder !== undefined && { keys: await ApiKeys.open(folder) }),
    ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { cert: await readFile(tlsCert), key: await readFile(tlsKey) } }),
    ...rushdbLogin(),
    corsOrigins: options.cors,
    bodyBytesMax: options.bodyLimit * mebibyte,
    searchTimeoutMs: options.searchTimeout * 1000,
    shutdownMs: options.shutdownTimeout * 1000,
    logLevel: options.logLevel,
    ...(options.rateLimit !== undefined && { requestsPerMinute: options.rateLimit }),
    ...(options.recallEvery !== undefined && { recallEveryMs: options.recallEvery * 60_000 }),
  }
}

/**
 * The embedder that is named on the command line or in the environment, there also by the names that RushDB has for a service in the way of OpenAI.
 * Undefined where none is: the server has one of its own.
 */
function serverEmbedder(options: ServeOptions): Embedder | undefined {
  const { RUSHDB_EMBEDDING_BASE_URL, RUSHDB_EMBEDDING_MODEL, RUSHDB_EMBEDDING_DIMENSIONS, RUSHDB_EMBEDDING_API_KEY } = process.env
  const isRushDb = RUSHDB_EMBEDDING_BASE_URL ?? RUSHDB_EMBEDDING_MODEL ?? RUSHDB_EMBEDDING_API_KEY
  const { embedder = isRushDb === undefined ? undefined : 'openai' } = options
  if (embedder === undefined) return undefined
  const model = options.model ?? RUSHDB_EMBEDDING_MODEL
  const baseUrl = options.baseUrl ?? RUSHDB_EMBEDDING_BASE_URL
  const dimensions = options.dimensions ?? dimensionsIn(RUSHDB_EMBEDDING_DIMENSIONS)
  return embedderOf({
    embedder,
    ...(model && { model }),
    ...(baseUrl && { baseUrl }),
    ...(dimensions !== undefined && { dimensions }),
  })
}

function dimensionsIn(variable: string | undefined): number | undefined {
  if (!variable) return undefined
  try {
    return parsedDimensions(variable)
  } catch (error) {
    throw usageError(`RUSHDB_EMBEDDING_DIMENSIONS is '${variable}'. ${(error as Error).message}`)
  }
}

/** Secrets come by the environment: every process of the machine sees the command line. */
function rushdbLogin(): Pick<ServerOptions, 'rushdb'> {
  const { RUSHDB_LOGIN: login, RUSHDB_PASSWORD: password } = process.env
  if (!login && !password) return {}
  if (!login || !password) throw usageError('Signing in needs both RUSHDB_LOGIN and RUSHDB_PASSWORD')
  return { rushdb: { login, password } }
}

/** Resolves when somebody asks the process to end. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve())
    interrupt.addEventListener('abort', () => resolve(), { once: true })
  })
}
