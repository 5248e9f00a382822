import { type Collection, type Namespace, QuiverError, type Transaction, type TransactionCollection } from 'quiverdb'
import {
  indexesName,
  recordFields,
  recordsName,
  relationshipFields,
  relationshipsName,
  type StoredIndex,
  type StoredRecord,
  type StoredRelationship,
} from './stored.js'

/** How often a request is run again when others changed what it read. */
const repeatsMax = 20

/** What one request works on, or all requests of one transaction: one version, and its own writes. */
export interface Unit {
  readonly project: Project
  readonly records: TransactionCollection<StoredRecord>
  readonly relationships: TransactionCollection<StoredRelationship>
  readonly indexes: TransactionCollection<StoredIndex>
}

/** A project: a namespace with records, relationships between them, and declarations of AI indexes, as collections. */
export class Project {
  readonly id: string
  readonly namespace: Namespace
  /** For what no transaction does: vector indexes. */
  readonly records: Collection<StoredRecord>
  /** Ends when all are done that are run again. */
  #refused: Promise<unknown> = Promise.resolve()

  private constructor(namespace: Namespace, records: Collection<StoredRecord>) {
    this.id = namespace.name
    this.namespace = namespace
    this.records = records
  }

  static async open(namespace: Namespace): Promise<Project> {
    const records = await namespace.collection<StoredRecord>(recordsName, { fields: recordFields })
    await namespace.collection(relationshipsName, { fields: relationshipFields })
    await namespace.collection(indexesName)
    return new Project(namespace, records)
  }

  /**
   * Runs a request: all that it writes is one commit. Where another commit changed what it read, it is run again, now one after the other with all that
   * were refused for that: those that contend for the same records would refuse each other once more.
   * @throws QuiverError CONFLICT: again and again
   */
  async run<R>(work: (unit: Unit) => Promise<R>): Promise<R> {
    try {
      return await this.transaction(work)
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    const done = this.#refused.then(() => this.#repeat(work))
    this.#refused = done.catch(() => undefined)
    return done
  }

  async #repeat<R>(work: (unit: Unit) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.transaction(work)
      } catch (error) {
        if (!isConflict(error) || attempt === repeatsMax) throw error
      }
    }
  }

  /** Runs a transaction, once. @throws QuiverError CONFLICT */
  transaction<R>(work: (unit: Unit) => Promise<R>): Promise<R> {
    return this.namespace.transaction((tx) => work(this.#unit(tx)))
  }

  #unit(tx: Transaction): Unit {
    return {
      project: this,
      records: tx.collection<StoredRecord>(recordsName),
      relationships: tx.collection<StoredRelationship>(relationshipsName),
      indexes: tx.collection<StoredIndex>(indexesName),
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof QuiverError && error.code === 'CONFLICT'
}
