import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { benchFolder } from './folders.mjs'

/** Core 0 serves interrupts: where there are more, one process has the next. */
const coresOf = { 1: availableParallelism() > 1 ? '1' : '0', 2: '0,1' }
/** True where a process can be kept on one core. */
export const isPinned = process.platform === 'linux' && spawnSync('taskset', ['-c', coresOf[1], 'true']).status === 0

/**
 * A script of this folder in a process of its own, which answers one request at a time (see `answerRequests`). On one core unless said
 * otherwise, so that nothing of it runs beside what is measured: a runtime takes as many threads as it sees cores.
 */
export class Child {
  #child
  #requests = 0
  /** @type {{ resolve: (value: any) => void, reject: (error: Error) => void } | undefined} */
  #pending
  /** @type {Error | undefined} */
  #ended

  /**
   * @param {string} script its path in the folder of the benches @param {object} parameters what the script gets, as JSON
   * @param {{ cores?: 1 | 2 | 'all', node?: string }} [options] `node`: another runtime than this one
   */
  constructor(script, parameters, { cores = 1, node = process.execPath } = {}) {
    const run = [node, '--expose-gc', join(benchFolder, script), JSON.stringify(parameters)]
    const [command, ...rest] = isPinned && cores !== 'all' ? ['taskset', '-c', coresOf[cores], ...run] : run
    this.#child = spawn(command, rest, {
      // Warnings of the libraries belong to neither our rows nor our table.
      stdio: ['ignore', 'ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'ipc'],
      cwd: benchFolder,
      serialization: 'advanced',
    })
    this.#child.on('message', ({ value, error }) => this.#settle(value, error === undefined ? undefined : new Error(error)))
    this.#child.on('error', (error) => this.#end(error))
    this.#child.on('exit', (code, signal) => this.#end(new Error(`the process of ${script} ended (${signal ?? `code ${code}`})`)))
  }

  /** @param {string} kind @param {object} [parameters] @returns {Promise<any>} @throws what the child threw, or that its process ended */
  ask(kind, parameters = {}) {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
      this.#child.send({ id: ++this.#requests, kind, ...parameters })
    })
  }

  /** Lets the child close what it holds and ends its process. */
  async end() {
    if (this.#ended) return
    const exited = new Promise((resolve) => this.#child.once('exit', resolve))
    await this.ask('close').catch(() => {})
    if (this.#child.connected) this.#child.disconnect()
    await exited
  }

  #settle(value, error) {
    const pending = this.#pending
    this.#pending = undefined
    if (error) pending?.reject(error)
    else pending?.resolve(value)
  }

  #end(error) {
    this.#ended ??= error
    this.#settle(undefined, error)
  }
}

/**
 * A child for one piece of work, which is ended whatever comes of it.
 *
 * @template R
 * @param {ConstructorParameters<typeof Child>} parameters @param {(child: Child) => Promise<R>} work @returns {Promise<R>}
 */
export async function withChild(parameters, work) {
  const child = new Child(...parameters)
  try {
    return await work(child)
  } finally {
    await child.end()
  }
}
