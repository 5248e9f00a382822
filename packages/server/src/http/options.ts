import { builtInEmbedder, type Embedder } from 'quiverdb/embed'
import type { SecureContextOptions } from 'node:tls'
import type { ApiKeys } from './keys/api-keys.js'

const mebibyte = 1024 * 1024

/** How a server behaves; everything has a default. Bounds are in `docs/LIMITS.md`. */
export interface ServerOptions {
  /** Who may do what. Without keys everybody may do all, and the server listens on loopback addresses only. */
  keys?: ApiKeys
  /**
   * Makes the vectors of managed indexes and of texts that are searched for. It takes over managed indexes that hold vectors of another one, which are made
   * anew. Default: the built-in embedder, which takes over none: those indexes are served as they are, and new texts wait.
   */
  embedder?: Embedder
  /** Certificate and key, to serve HTTPS. Default: plain HTTP. */
  tls?: Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'passphrase'>
  /** Who may sign in to make projects and API keys, by the API for RushDB's clients. Default: nobody. */
  rushdb?: { readonly login: string; readonly password: string }
  /** Origins whose pages may call the server from a browser; `*`: all. Default: none. */
  corsOrigins?: readonly string[]
  /** Bytes of a body that is read at once; imports are streams and not bound by it. Default: 32 MiB. */
  bodyBytesMax?: number
  /** Requests of one key, or without keys of one address, in a minute; beyond: 429. Default: no bound. */
  requestsPerMinute?: number
  /** A search stops after this long with what it found, also where it asks for more. Default: 60,000. */
  searchTimeoutMs?: number
  /** How long a shutdown waits for requests that have begun. Default: 10,000. */
  shutdownMs?: number
  /** Measure the recall of an index in this interval, one index after the other, for the metrics. Default: never. */
  recallEveryMs?: number
  /** What is told to the log. Default: `info`: start, stop, failures and slow requests; `debug`: every request. */
  logLevel?: LogLevel
  /** Where log lines go, one JSON object each. Default: stdout. */
  logTo?: { write(line: string): void }
}

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

export type ServerSettings = ServerOptions &
  Required<Pick<ServerOptions, keyof typeof defaults | 'embedder'>> & {
    /** Whether the embedder takes over indexes that hold vectors of another one. */
    readonly takesOver: boolean
  }

const defaults = {
  bodyBytesMax: 32 * mebibyte,
  searchTimeoutMs: 60_000,
  shutdownMs: 10_000,
  logLevel: 'info',
  corsOrigins: [],
} as const satisfies ServerOptions

export function settingsOf(options: ServerOptions): ServerSettings {
  return { ...defaults, ...options, embedder: options.embedder ?? builtInEmbedder(), takesOver: options.embedder !== undefined }
}
