import { Type } from 'typebox'
import { filterOf } from '../query/filter.js'
import { deleteProperty } from '../properties/delete-property.js'
import { properties, propertyById } from '../properties/property.js'
import { valuesOf } from '../properties/values.js'
import type { Surface } from '../surface.js'

const optional = Type.Optional

const searchBody = optional(Type.Object({ labels: optional(Type.Unknown()), where: optional(Type.Unknown()) }))
const valuesBody = optional(
  Type.Object({
    labels: optional(Type.Unknown()),
    where: optional(Type.Unknown()),
    query: optional(Type.Union([Type.String(), Type.Null()])),
    orderBy: optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')])),
    skip: optional(Type.Integer({ minimum: 0 })),
    limit: optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  }),
)
const labelsMax = 10_000

/** What records have, and which labels. */
export function propertyRoutes(surface: Surface): void {
  surface.route(
    'POST',
    '/properties/search',
    { needs: 'read', summary: 'Properties of the records that match', body: searchBody },
    async ({ unit, body }) => properties(unit, await filterOf(unit, body ?? {})),
  )
  surface.route('GET', '/properties/:id', { needs: 'read', summary: 'A property' }, async ({ unit, params }) => {
    const { prop: _, ...property } = await propertyById(unit, params['id']!)
    return property
  })
  surface.route(
    'DELETE',
    '/properties/:id',
    { needs: 'write', summary: 'Take a property from all records' },
    async ({ unit, params }) => {
      const { prop, name } = await propertyById(unit, params['id']!)
      const records = await deleteProperty(unit, prop)
      return { message: `Property "${name}" has been deleted from ${records} records.` }
    },
  )
  surface.route(
    'POST',
    '/properties/:id/values',
    { needs: 'read', summary: 'Values of a property', body: valuesBody },
    async ({ unit, params, body }) => {
      const { prop } = await propertyById(unit, params['id']!)
      const { labels, where, query, orderBy: order, skip, limit } = body ?? {}
      const found = await valuesOf(unit, prop, {
        where: await filterOf(unit, { labels, where }),
        ...(query != null && { query }),
        ...(order && { order }),
        ...(skip !== undefined && { skip }),
        ...(limit !== undefined && { limit }),
      })
      return found ?? {}
    },
  )
  surface.route(
    'POST',
    '/labels/search',
    { needs: 'read', summary: 'How many of the records that match have each label', body: searchBody },
    async ({ unit, body }) => {
      const where = await filterOf(unit, { where: body?.where })
      const counts = Object.create(null) as Record<string, number>
      for (const { value, count } of await unit.records.distinct('label', { where, limit: labelsMax }))
        counts[String(value)] = count
      return counts
    },
  )
}
