import type { Context } from '../context.js'
import type { App } from '../schemas/shared.js'
import { answerRushProblem, notFound } from './problem.js'
import { aiIndexRoutes } from './routes/ai-indexes.js'
import { aiSearchRoutes } from './routes/ai-search.js'
import { adminRoutes } from './routes/admin.js'
import { importRoutes } from './routes/imports.js'
import { propertyRoutes } from './routes/properties.js'
import { recordRoutes } from './routes/records.js'
import { schemaRoutes } from './routes/schema.js'
import { searchRoutes } from './routes/search.js'
import { relationshipRoutes } from './routes/relationships.js'
import { settingsRoutes } from './routes/settings.js'
import { transactionRoutes } from './routes/transactions.js'
import { Surface } from './surface.js'

/** Serves RushDB's API, for its clients, under `/api/v1`. */
export function rushdbRoutes(app: App, context: Context): void {
  const surface = new Surface(app, context)
  app.setErrorHandler(answerRushProblem)
  app.setNotFoundHandler((request, reply) =>
    answerRushProblem(notFound(`Cannot ${request.method} ${request.url.split('?')[0]!.slice(0, 200)}`), request, reply),
  )
  app.addHook('onClose', () => surface.transactions.close())
  transactionRoutes(surface)
  relationshipRoutes(surface)
  recordRoutes(surface)
  importRoutes(surface)
  propertyRoutes(surface)
  schemaRoutes(surface)
  aiIndexRoutes(surface)
  searchRoutes(surface)
  aiSearchRoutes(surface)
  settingsRoutes(surface)
  adminRoutes(surface)
}
