import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { benchFolder } from '../shared/folders.mjs'

const core = availableParallelism() > 1 ? 1 : 0
/** True where a process can be kept on one core. */
export const isPinned = process.platform === 'linux' && spawnSync('taskset', ['-c', String(core), 'true']).status === 0

/** One engine in a process of its own, on one core unless said otherwise. Answers one request at a time. */
export class EngineProcess {
  #child
  #requests = 0
  /** @type {{ resolve: (value: any) => void, reject: (error: Error) => void } | undefined} */
  #pending
  /** @type {Error | undefined} */
  #ended

  /**
   * @param {import('./index.mjs').Engine} engine
   * @param {import('./index.mjs').SetInfo} info
   * @param {string} folder its index's
   * @param {{ pinned?: boolean }} [options]
   */
  constructor(engine, info, folder, { pinned = true } = {}) {
    const script = ['--expose-gc', join(benchFolder, 'engines', 'process.mjs'), engine.name, JSON.stringify(info), folder]
    const [command, ...parameters] =
      isPinned && pinned ? ['taskset', '-c', String(core), process.execPath, ...script] : [process.execPath, ...script]
    this.#child = spawn(command, parameters, {
      // Warnings of the libraries belong to neither our rows nor our table.
      stdio: ['ignore', 'ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'ipc'],
      cwd: benchFolder,
      serialization: 'advanced',
    })
    this.#child.on('message', ({ value, error }) => this.#settle(value, error === undefined ? undefined : new Error(error)))
    this.#child.on('error', (error) => this.#end(error))
    this.#child.on('exit', (code, signal) =>
      this.#end(new Error(`the process of ${engine.name} ended (${signal ?? `code ${code}`})`)),
    )
  }

  /** @param {string} kind @param {object} [parameters] @returns {Promise<any>} @throws what the engine threw, or that its process ended */
  ask(kind, parameters = {}) {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject }
      this.#child.send({ id: ++this.#requests, kind, ...parameters })
    })
  }

  /** Closes the index and ends the process. */
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
