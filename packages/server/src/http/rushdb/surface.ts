import type { FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { Context } from '../context.js'
import type { App } from '../schemas/shared.js'
import { isLegacy, type Needs, projectIdOf } from './access.js'
import { refuseDeep } from './depth.js'
import { Project, type Unit } from './project.js'
import { OpenTransactions } from './transactions.js'
import { giveEmbedder, tidyIndexes } from './vectors/opening.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a route of the RushDB API needs; it has its own way to refuse. */
    rushdb?: Needs
  }
}

/** A request of the RushDB API, within its project and its transaction. */
export interface Call<B = unknown> {
  readonly unit: Unit
  readonly body: B
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** The client is one of 1.x. */
  readonly legacy: boolean
  readonly request: FastifyRequest
}

/** An answer with the number of all that match. */
export class Counted<T> {
  constructor(
    readonly data: T,
    readonly total: number,
  ) {}
}

/** An answer with another status than the route usually has. */
export class Status {
  constructor(
    readonly status: number,
    readonly data: unknown,
  ) {}
}

export interface RouteOptions<S extends TSchema> {
  readonly needs: Needs
  readonly summary: string
  readonly body?: S
  /** Default: 200. */
  readonly status?: number
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What the routes of this API are declared with: access, project, transaction and envelope are the same for all. */
export class Surface {
  readonly app: App
  readonly context: Context
  readonly transactions = new OpenTransactions()
  readonly #projects = new Map<string, Promise<Project>>()

  constructor(app: App, context: Context) {
    this.app = app
    this.context = context
    app.addHook('onError', (request) => this.#rollBack(request))
  }

  /** A route that reads or writes: what it writes is one commit, or a part of the transaction that the request names. */
  route<S extends TSchema>(
    method: Method,
    url: string,
    options: RouteOptions<S>,
    handle: (call: Call<Static<S>>) => Promise<unknown>,
  ): void {
    this.projectRoute(method, url, options, (project, request) => {
      const call = {
        body: request.body as Static<S>,
        params: request.params as Record<string, string>,
        query: request.query as Record<string, string>,
        legacy: isLegacy(request),
        request,
      }
      return this.#runner(project, request)((unit) => handle({ ...call, unit }))
    })
  }

  /** A route that works on its project otherwise. */
  projectRoute<S extends TSchema>(
    method: Method,
    url: string,
    { needs, summary, body, status = 200 }: RouteOptions<S>,
    handle: (project: Project, request: FastifyRequest) => Promise<unknown>,
  ): void {
    this.app.route({
      method,
      url,
      config: { rushdb: needs },
      schema: { tags: ['RushDB'], summary, ...(body && { body }) },
      // Clients say JSON also where they send nothing.
      preValidation: (request: FastifyRequest, _reply, done) => {
        refuseDeep(request.body)
        if (body) request.body ??= {}
        done()
      },
      handler: async (request, reply) => {
        const result = await handle(await this.projectOf(request), request)
        if (result instanceof Status) return reply.code(result.status).send(envelope(result.data))
        void reply.code(status)
        return envelope(result)
      },
    })
  }

  /** The project of the key that a request brought. @throws RushProblem 403 */
  projectOf(request: FastifyRequest): Promise<Project> {
    return this.project(projectIdOf(request.access!))
  }

  project(id: string): Promise<Project> {
    let project = this.#projects.get(id)
    if (!project) {
      project = this.#openProject(id)
      this.#projects.set(id, project)
      project.catch(() => this.#projects.delete(id))
    }
    return project
  }

  async #openProject(id: string): Promise<Project> {
    const project = await Project.open(await this.context.open.namespace(id, { create: true }))
    await giveEmbedder(project, this.context)
    await tidyIndexes(project)
    return project
  }

  /** A request of a transaction that is refused ends it, also where it is refused before it runs. */
  async #rollBack(request: FastifyRequest): Promise<void> {
    const id = request.headers['x-transaction-id']
    if (request.access === null || typeof id !== 'string') return
    await this.transactions.find(await this.projectOf(request), id)?.rollback()
  }

  #runner(project: Project, { headers }: FastifyRequest): <R>(work: (unit: Unit) => Promise<R>) => Promise<R> {
    const id = headers['x-transaction-id']
    if (typeof id !== 'string' || id === '') return (work) => project.run(work)
    const transaction = this.transactions.get(project, id)
    return (work) => transaction.run(work)
  }
}

/** `{ data, success }`, and `total` where it was counted. */
function envelope(result: unknown): object {
  return result instanceof Counted
    ? { data: result.data, success: true, total: result.total }
    : { data: result ?? null, success: true }
}
