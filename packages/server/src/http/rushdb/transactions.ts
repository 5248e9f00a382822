import { randomUUID } from 'node:crypto'
import type { Project, Unit } from './project.js'
import { badRequest, notFound } from './problem.js'

export const ttlDefaultMs = 5_000
export const ttlMaxMs = 55_000
/** Open at the same time, of all projects. */
const openMax = 1_000

/** Transactions of several requests: each is a transaction of the library that waits for its end. */
export class OpenTransactions {
  readonly #open = new Map<string, OpenTransaction>()

  /** Begins one. It is rolled back after `ttlMs` without an end. */
  async begin(project: Project, ttlMs: number): Promise<string> {
    if (this.#open.size >= openMax) throw badRequest(`There are ${openMax} open transactions already. End some of them.`)
    const id = randomUUID()
    const transaction = new OpenTransaction(project, ttlMs, () => this.#open.delete(id))
    this.#open.set(id, transaction)
    await transaction.began
    return id
  }

  /** @throws RushProblem 404: there is none, or it is another project's */
  get(project: Project, id: string): OpenTransaction {
    const transaction = this.#open.get(id)
    if (transaction?.project !== project) throw notFound(`Transaction with id ${id} not found or expired`)
    return transaction
  }

  find(project: Project, id: string): OpenTransaction | undefined {
    const transaction = this.#open.get(id)
    return transaction?.project === project ? transaction : undefined
  }

  /** Rolls back what is open. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((transaction) => transaction.rollback()))
  }
}

class RolledBack extends Error {}

export class OpenTransaction {
  readonly project: Project
  /** Resolves when requests can run in it. */
  readonly began: Promise<unknown>
  readonly #unit: Promise<Unit>
  readonly #whole: Promise<void>
  readonly #timer: NodeJS.Timeout
  /** Requests run one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #end!: { commit(): void; rollback(): void }
  #ended = false

  constructor(project: Project, ttlMs: number, onEnd: () => void) {
    this.project = project
    const end = new Promise<void>((commit, reject) => {
      this.#end = { commit, rollback: () => reject(new RolledBack()) }
    })
    let began!: (unit: Unit) => void
    this.#unit = new Promise((resolve) => (began = resolve))
    this.#whole = project.transaction((unit) => {
      began(unit)
      return end
    })
    this.#whole.catch(() => undefined)
    this.began = Promise.race([this.#unit, this.#whole])
    this.#timer = setTimeout(() => void this.rollback(), ttlMs).unref()
    void this.#whole.catch(() => undefined).then(onEnd)
  }

  /** Runs a request in it. One that fails rolls it back. */
  run<R>(work: (unit: Unit) => Promise<R>): Promise<R> {
    return this.#next(async () => {
      if (this.#ended) throw notFound('The transaction has ended')
      try {
        return await work(await this.#unit)
      } catch (error) {
        await this.#finish('rollback')
        throw error
      }
    })
  }

  /** @throws QuiverError CONFLICT: others changed what it read; nothing was written */
  commit(): Promise<void> {
    return this.#next(async () => {
      if (this.#ended) throw notFound('The transaction has ended')
      await this.#finish('commit')
    })
  }

  rollback(): Promise<void> {
    return this.#next(() => this.#finish('rollback'))
  }

  async #finish(how: 'commit' | 'rollback'): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#end[how]()
    try {
      await this.#whole
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
    }
  }

  #next<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
