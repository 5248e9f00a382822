import { type Collection, type Database } from 'quiverdb'
import { v7 as newId } from 'uuid'
import { notFound } from '../problem.js'

/** A project as it was named. Its data is in the namespace that has its id as a name. */
export interface ProjectCard {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly created: string
}

/** In the namespace `default`. */
const collectionName = 'rushdb-projects'
const listedMax = 10_000

/** The projects that were made over HTTP. */
export class ProjectCards {
  readonly #db: Database
  #collection: Promise<Collection<ProjectCard>> | undefined

  constructor(db: Database) {
    this.#db = db
  }

  async create(name: string, description: string): Promise<ProjectCard> {
    const card = { id: newId(), name, description, created: new Date().toISOString() }
    await (await this.#cards()).upsert([card])
    return card
  }

  /** @throws RushProblem 404 */
  async get(id: string): Promise<ProjectCard> {
    const card = id === '' ? null : await (await this.#cards()).get(id)
    if (!card) throw notFound(`There is no project ${id.slice(0, 100)}`)
    return card
  }

  async list(): Promise<readonly ProjectCard[]> {
    return (await (await this.#cards()).list({ limit: listedMax })).records
  }

  #cards(): Promise<Collection<ProjectCard>> {
    return (this.#collection ??= this.#db.collection<ProjectCard>(collectionName))
  }
}
