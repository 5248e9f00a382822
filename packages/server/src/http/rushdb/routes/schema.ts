import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Project } from '../project.js'
import { schemaMarkdown } from '../schema/markdown.js'
import { type SchemaItem, schemaOf, withIndexes } from '../schema/schema.js'
import type { Surface } from '../surface.js'
import { listIndexes } from '../vectors/status.js'

const body = Type.Object({
  labels: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
  force: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
})

interface Known {
  /** The newest that changed data: upkeep changes none. */
  readonly version: string | undefined
  readonly items: Promise<SchemaItem[]>
}

/** What a project holds, as programs and language models ask for it. It is made once for each version. */
export function schemaRoutes(surface: Surface): void {
  const known = new WeakMap<Project, Known>()
  const schema = async (project: Project, request: FastifyRequest): Promise<SchemaItem[]> => {
    const { labels, force } = request.body as { labels?: string[] | null; force?: boolean | null }
    const items = await itemsOf(surface, known, project, request, force ?? false)
    const indexes = await project.run(listIndexes)
    const wanted = labels && labels.length > 0 ? items.filter(({ label }) => labels.includes(label)) : items
    return wanted.map((item) => withIndexes(item, indexes))
  }
  for (const name of ['schema', 'ontology']) {
    const options = { needs: 'read', body } as const
    surface.projectRoute('POST', `/ai/${name}`, { ...options, summary: 'What the records of each label are like' }, schema)
    surface.projectRoute('POST', `/ai/${name}/md`, { ...options, summary: 'The same as Markdown' }, async (...call) =>
      schemaMarkdown(await schema(...call)),
    )
  }
}

async function itemsOf(
  surface: Surface,
  known: WeakMap<Project, Known>,
  project: Project,
  { headers }: FastifyRequest,
  force: boolean,
): Promise<SchemaItem[]> {
  const transaction = headers['x-transaction-id']
  if (typeof transaction === 'string' && transaction !== '') return surface.transactions.get(project, transaction).run(schemaOf)
  // What is read next is of this version or a later one, so this never stands for less than it holds.
  const version = (await project.namespace.log({ limit: 1 }))[0]?.version
  const made = known.get(project)
  if (made && version !== undefined && made.version === version && !force) return made.items
  const items = project.run(schemaOf)
  known.set(project, { version, items })
  items.catch(() => {
    if (known.get(project)?.items === items) known.delete(project)
  })
  return items
}
