import { type Static, Type } from 'typebox'

const optional = Type.Optional
const nothing = Type.Null()
const anyObject = Type.Record(Type.String(), Type.Unknown())

export const limitDefault = 100

export const direction = Type.Union([Type.Literal('asc'), Type.Literal('desc')])
export type Direction = Static<typeof direction>

/** `labels` and `where`: what they hold is checked where it is read. */
export const selection = {
  labels: optional(Type.Union([Type.Array(Type.Union([Type.String(), nothing])), Type.String(), nothing])),
  where: optional(Type.Union([anyObject, nothing])),
}

export const orderBy = Type.Union([direction, Type.Record(Type.String(), direction), nothing])
export type OrderBy = Static<typeof orderBy>

/** RushDB's SearchQuery. */
export const searchQuery = Type.Object({
  ...selection,
  orderBy: optional(orderBy),
  skip: optional(Type.Integer({ minimum: 0 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  select: optional(Type.Union([anyObject, nothing])),
  aggregate: optional(Type.Union([anyObject, nothing])),
  groupBy: optional(Type.Union([Type.Array(Type.String()), nothing])),
})
export type SearchQuery = Static<typeof searchQuery>
