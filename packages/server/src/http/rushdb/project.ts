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
const attemptsMax = 20
const backOffMs = 4

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
   * Runs a request: all that it writes is one commit. Where another commit changed what it read, it is run again.
   * @throws QuiverError CONFLICT: again and again
   */
  async run<R>(work: (unit: Unit) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.transaction(work)
      } catch (error) {
        if (!(error instanceof QuiverError) || error.code !== 'CONFLICT' || attempt === attemptsMax) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.random() * backOffMs * attempt))
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
