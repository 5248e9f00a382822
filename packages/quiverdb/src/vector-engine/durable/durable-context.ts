import type { Transaction } from '../../collection/transaction.js'
import type { Database } from '../../database/database.js'
import type { Namespace } from '../../database/namespace.js'
import { QuiverError } from '../../errors.js'
import type { VectorEngineConfig } from '../config.js'
import { VectorError } from '../errors.js'

/** What all parts of a durable engine share. */
export interface DurableContext {
  readonly config: VectorEngineConfig
  readonly database: Database
  /** Holds everything, so that there is one history. */
  readonly namespace: Namespace
}

/** Far more often than writers of one record can get in each other's way. */
const attemptsMax = 100

/** Runs reads and writes that happen together; again, when others changed what was read. */
export async function transact<R>({ namespace }: DurableContext, work: (tx: Transaction) => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await stored(() => namespace.transaction(work))
    } catch (error) {
      if (!(error instanceof QuiverError) || error.code !== 'CONFLICT' || attempt === attemptsMax) throw error
    }
  }
}

/** Runs work on the database, whose refusals become StorageErrors with their code and cause. */
export async function stored<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof QuiverError && !(error instanceof VectorError)) throw VectorError.storage(error.message, error)
    throw error
  }
}
