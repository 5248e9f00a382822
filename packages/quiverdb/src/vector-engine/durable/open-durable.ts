import type { Database, OpenOptions } from '../../database/database.js'
import type { VectorEngineConfig, VectorEngineOptions } from '../config.js'
import { stored } from './durable-context.js'
import type { DurableVectorEngine } from './durable-vector-engine.js'

/**
 * Opens the vector engine in a folder (`./vectors`), any other store that `open` of quiverdb takes, or in memory (`memory:`); or on a
 * database that is open, which ends with the engine.
 * @throws VectorError ConfigurationError, StorageError
 */
export async function openDurable(
  where: string | Database,
  config: VectorEngineConfig | VectorEngineOptions = {},
  options: OpenOptions = {},
): Promise<DurableVectorEngine> {
  // Imported late: who has the engine in memory, in a browser say, need not load a database.
  const { DurableVectorEngine } = await import('./durable-vector-engine.js')
  if (typeof where !== 'string') return await DurableVectorEngine.over(where, config)
  const { open } = await import('../../database/database.js')
  const database = await stored(() => open(where, options))
  try {
    return await DurableVectorEngine.over(database, config)
  } catch (error) {
    await database.close()
    throw error
  }
}
