import { type ClientOptions, Connection } from '../connection.js'
import { Ai } from './ai.js'
import { rushErrorOf } from './error.js'
import { Labels, Properties } from './properties.js'
import { Records } from './records.js'
import { Relationships } from './relationships.js'
import { Requests } from './requests.js'
import { Transactions } from './transactions.js'
import type { ApiResponse, ServerSettings } from './types.js'

const urlDefault = 'http://localhost:7700'
const timeoutMsDefault = 80_000

export interface RushDBOptions extends Omit<ClientOptions, 'key'> {
  /** The server, without a path. Default: `QUIVER_URL` of the environment, else `http://localhost:7700`. */
  url?: string
  /** Lets `records.delete` run with nothing to match, which deletes everything. Default: false. */
  allowForceDelete?: boolean
}

/**
 * A Quiver server by the calls of RushDB's client: records with labels, relationships, and vectors in AI indexes. See `docs/CLIENT.md`.
 *
 * @example
 * ```ts
 * const db = new RushDB('your-api-key', { url: 'http://localhost:7700' })
 * await db.ai.indexes.create({ label: 'Doc', propertyName: 'content', external: true, dimensions: 3 })
 * await db.records.create({
 *   label: 'Doc',
 *   data: { title: 'Alpha', content: 'First article' },
 *   vectors: [{ propertyName: 'content', vector: [1, 0, 0] }],
 * })
 * const { data: results } = await db.ai.search({ label: 'Doc', propertyName: 'content', queryVector: [1, 0, 0] })
 * console.log(results[0].title, results[0].__score)
 * ```
 */
export class RushDB {
  readonly ai: Ai
  readonly records: Records
  readonly relationships: Relationships
  readonly properties: Properties
  readonly labels: Labels
  readonly tx: Transactions
  readonly settings: { get(): Promise<ApiResponse<ServerSettings>> }

  /** @param key an API key; default: `QUIVER_API_KEY` or `RUSHDB_API_KEY` of the environment. Not needed where the server has no keys. */
  constructor(key?: string, { url, allowForceDelete = false, ...options }: RushDBOptions = {}) {
    const connection = new Connection(
      url ?? fromEnvironment('QUIVER_URL') ?? urlDefault,
      {
        timeoutMs: timeoutMsDefault,
        ...options,
        key: key ?? fromEnvironment('QUIVER_API_KEY') ?? fromEnvironment('RUSHDB_API_KEY'),
      },
      rushErrorOf,
    )
    const requests = new Requests(connection)
    this.ai = new Ai(requests)
    this.records = new Records(requests, this.ai, allowForceDelete)
    this.relationships = new Relationships(requests)
    this.properties = new Properties(requests)
    this.labels = new Labels(requests)
    this.tx = new Transactions(requests)
    this.settings = { get: () => requests.send('GET', '/settings', { repeatable: true }) }
  }
}

/** Where there is an environment: a page has none. */
function fromEnvironment(name: string): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env[name] || undefined
}
