import type { Metrics } from './operations/metrics.js'
import type { ServerSettings } from './options.js'
import type { OpenCollections } from './open-collections.js'
import type { Database } from 'quiverdb'
import type { Sessions } from './keys/sessions.js'

/** What the routes work with. */
export interface Context {
  readonly db: Database
  readonly open: OpenCollections
  readonly settings: ServerSettings
  readonly metrics: Metrics
  /** Of those who signed in to make projects and keys, where that is possible. */
  readonly sessions: Sessions | undefined
  /** Aborted when the server begins to shut down: what runs long ends then. */
  readonly stopping: AbortSignal
}
