import { Type } from 'typebox'
import { badRequest, RushProblem } from '../problem.js'
import type { Surface } from '../surface.js'
import { searchParams } from '../vectors/search-params.js'
import { budgetOf, runVectorSearch } from '../vectors/search.js'

/** Searched by {@link runVectorSearch}, which reads it: a schema would only say that it is an object. */
const searchBody = Type.Object({}, { description: 'labels, propertyName, queryVector or query; where, skip, limit' })

const promptBody = Type.Object({ prompt: Type.Unknown() })

/** Searches by vectors, and what newer clients ask before one. */
export function aiSearchRoutes(surface: Surface): void {
  surface.route(
    'POST',
    '/ai/search',
    { needs: 'read', summary: 'Records by the nearness of their vectors', body: searchBody },
    ({ unit, body }) => runVectorSearch(unit, body, budgetOf(surface.context)),
  )
  surface.route(
    'POST',
    '/ai/search-query',
    { needs: 'read', summary: 'A search query for a prompt', body: promptBody },
    async ({ body }) => searchQueryFor(body.prompt),
  )
}

/**
 * Clients from 2.10 on have `ai.search` ask for a query and then post it to `/records/search`. Called as before, with a vector search, they get one that
 * does it. Prompts in words need a language model.
 */
function searchQueryFor(prompt: unknown): object {
  if (typeof prompt === 'string') {
    if (prompt.trim() === '') throw badRequest('Request validation of body failed, because: "prompt" must not be empty')
    throw new RushProblem(
      503,
      'The server has no language model, which a prompt in words needs. Give ai.search an object, or use records.find.',
    )
  }
  return { searchQuery: { labels: searchParams(prompt).labels, $vectorSearch: prompt }, warnings: [] }
}
