import { type Static, Type } from 'typebox'
import { badRequest, RushProblem } from '../problem.js'
import { attach, detach } from '../relations/attach.js'
import type { Edge } from '../relations/edges.js'
import { orderBy, selection } from '../query/body.js'
import { Budget } from '../query/budget.js'
import { connectMany, disconnectMany } from '../relations/join.js'
import { relationsOf } from '../relations/search.js'
import { refuseReserved } from '../records/reserved.js'
import { propertiesOf } from '../records/typed.js'
import { contentOf } from '../records/write.js'
import type { Surface } from '../surface.js'

const optional = Type.Optional
/** UTF-16 units of the name of a type. */
const typeLengthMax = 255
const targetsMax = 100_000
const limitMax = 1_000

const object = Type.Unsafe<Record<string, unknown>>({ type: 'object' })
const id = Type.String({ minLength: 1, maxLength: 256 })
const type = Type.String({ maxLength: typeLengthMax, description: 'Default: RUSHDB_DEFAULT_RELATION' })
const direction = Type.Unsafe<'in' | 'out'>({ enum: ['in', 'out'], description: 'As the source sees it' })
const targetIds = Type.Union([id, Type.Array(id, { maxItems: targetsMax })])
const properties = optional(object)

const attachBody = Type.Object({ targetIds, type: optional(type), direction: optional(direction), properties })
const detachBody = Type.Object({
  targetIds,
  typeOrTypes: optional(Type.Union([type, Type.Array(type, { maxItems: 1_000 })])),
  direction: optional(direction),
})

const end = optional(Type.Object(selection))
const searchBody = Type.Object({
  source: end,
  target: end,
  where: selection.where,
  orderBy: optional(orderBy),
  skip: optional(Type.Integer({ minimum: 0 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: limitMax })),
})

const side = Type.Object({
  label: Type.String({ minLength: 1 }),
  key: optional(Type.String({ minLength: 1 })),
  where: optional(object),
})
const join = {
  source: side,
  target: side,
  type: optional(type),
  direction: optional(direction),
  manyToMany: optional(Type.Boolean()),
}
const connectBody = Type.Object({ ...join, properties })
const disconnectBody = Type.Object(join)

/** Relationships between records: made and ended one by one or by what records have in common, and searched. */
export function relationshipRoutes(surface: Surface): void {
  oneByOne(surface)
  many(surface)
  patterns(surface)
  surface.route(
    'POST',
    '/relationships/search',
    { needs: 'read', summary: 'Search relationships', body: searchBody },
    async ({ unit, body, query }) =>
      relationsOf(
        unit,
        {
          ...body,
          skip: body.skip ?? fromUrl(query, 'skip', 0, Number.MAX_SAFE_INTEGER) ?? 0,
          limit: body.limit ?? fromUrl(query, 'limit', 1, limitMax) ?? limitMax,
        },
        Budget.of(surface.context),
      ),
  )
}

function oneByOne(surface: Surface): void {
  surface.route(
    'POST',
    '/relationships/:id',
    { needs: 'write', summary: 'Relate a record to others', body: attachBody, status: 201 },
    async ({ unit, params, body }) => {
      await attach(unit, params['id']!, [body.targetIds].flat(), { ...body, ...contentOfEdge(body) })
      return { message: `Relations to Record ${params['id']} have been successfully created` }
    },
  )
  surface.route(
    'PUT',
    '/relationships/:id',
    { needs: 'write', summary: 'End relationships of a record with others', body: detachBody },
    async ({ unit, params, body }) => {
      const { typeOrTypes, direction } = body
      const types = typeOrTypes === undefined ? undefined : [typeOrTypes].flat()
      await detach(unit, params['id']!, [body.targetIds].flat(), { types: types?.length ? types : undefined, direction })
      return { message: `Relations to Record ${params['id']} have been successfully deleted` }
    },
  )
}

function many(surface: Surface): void {
  surface.route(
    'POST',
    '/relationships/create-many',
    { needs: 'write', summary: 'Relate records that have a value in common', body: connectBody, status: 201 },
    async ({ unit, body }) => ({
      message: `${await connectMany(unit, body, contentOfEdge(body), Budget.of(surface.context))} relations have been created`,
    }),
  )
  surface.route(
    'POST',
    '/relationships/delete-many',
    { needs: 'write', summary: 'End relationships of records that have a value in common', body: disconnectBody },
    async ({ unit, body }) => ({
      message: `${await disconnectMany(unit, body, Budget.of(surface.context))} relations have been deleted`,
    }),
  )
}

/** Suggestions by a language model, which this server does not ask: there are never any. */
function patterns(surface: Surface): void {
  const needed = () => new RushProblem(503, 'Suggestions of relationships need a language model, which this server has not')
  surface.route('GET', '/relationships/patterns', { needs: 'read', summary: 'Suggested relationships: none' }, async () => ({
    patterns: [],
    relationships: [],
  }))
  surface.route(
    'POST',
    '/relationships/patterns/analyze',
    { needs: 'write', summary: 'Suggest relationships: needs a language model' },
    async () => {
      throw needed()
    },
  )
  surface.route(
    'DELETE',
    '/relationships/patterns/:id',
    { needs: 'write', summary: 'Forget a suggested relationship' },
    async () => {
      throw new RushProblem(404, 'There is no such pattern')
    },
  )
}

function contentOfEdge({ properties }: Static<typeof attachBody> | Static<typeof connectBody>): Pick<Edge, 'props' | 'data'> {
  if (!properties) return {}
  refuseReserved(properties)
  return contentOf(propertiesOf(properties, {}))
}

/** Clients up to 2.3 have the page in the URL too. @throws RushProblem 400 */
function fromUrl(query: Readonly<Record<string, string>>, name: string, least: number, most: number): number | undefined {
  const text = query[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw badRequest(`Request validation of query failed, because: "${name}" must be a whole number from ${least} to ${most}`)
}
