import type { Metrics } from './operations/metrics.js'
import type { ServerSettings } from './options.js'
import type { OpenCollections } from './open-collections.js'
import type { Database } from 'quiverdb'

/** What the routes work with. */
export interface Context {
  readonly db: Database
  readonly open: OpenCollections
  readonly settings: ServerSettings
  readonly metrics: Metrics
  /** Aborted when the server begins to shut down: what runs long ends then. */
  readonly stopping: AbortSignal
}
