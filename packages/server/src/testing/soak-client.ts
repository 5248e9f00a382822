import { expect } from 'vitest'

const dimensions = 8
const slugsPerClient = 20

/** The server of the moment: it may be killed, and started again elsewhere. */
export interface Target {
  url: string
  /** Resolves when there is a server again. */
  back: Promise<void>
}

/** What was asked for and not answered: all of it happened, or nothing. */
class Unanswered extends Error {}

type Answer = { status: number; json: ReturnType<typeof JSON.parse> }
/** By slug, the number that its record has. */
type Records = ReadonlyMap<string, number>
/** `a>b`, by slugs. */
type Edges = ReadonlySet<string>
interface Model {
  readonly records: Records
  readonly edges: Edges
}

const headers = { 'content-type': 'application/json' }
export const vectorOf = (n: number): number[] => Array.from({ length: dimensions }, (_, i) => Math.sin(n * (i + 1)) + 1.5)

/** Declares what the clients need. */
export async function prepare(url: string): Promise<void> {
  const body = JSON.stringify({ label: 'Soak', propertyName: 'text', external: true, dimensions, similarityFunction: 'cosine' })
  const answer = await fetch(`${url}/api/v1/ai/indexes`, { method: 'POST', headers, body })
  expect(answer.status).toBe(201)
}

/**
 * A client of the RushDB API that always works on the same few records, knows what the server has acknowledged, and compares. Where a server died, it
 * finds out which of its two possible states the last request has left.
 */
export class SoakClient {
  requests = 0
  /** Those that a server took with it. */
  unanswered = 0
  readonly #target: Target
  readonly #client: number
  #model: Model = { records: new Map(), edges: new Set() }

  constructor(target: Target, client: number) {
    this.#target = target
    this.#client = client
  }

  /** Works until `isOver`; then everything acknowledged is there. */
  async run(isOver: () => boolean): Promise<void> {
    for (let n = 0; !isOver(); n++) {
      await this.#step(n)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await this.verify()
  }

  async verify(): Promise<void> {
    expect(printed(await this.#stored())).toEqual(printed(this.#model))
  }

  async #step(n: number): Promise<void> {
    const { url } = this.#target
    const slug = this.#slug(n)
    const other = this.#slug(n * 7 + 1)
    const after = this.#after(n, slug, other)
    try {
      await this.#operation(n, slug, other)
      this.#model = after
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      this.unanswered++
      // It may be that the connection alone has gone.
      if (url === this.#target.url) await this.#target.back
      const stored = printed(await this.#stored())
      expect([printed(this.#model), printed(after)]).toContainEqual(stored)
      if (stored.join() === printed(after).join()) this.#model = after
    }
  }

  /** What the records are once the operation is done. */
  #after(n: number, slug: string, other: string): Model {
    const records = new Map(this.#model.records)
    const edges = new Set(this.#model.edges)
    const isThere = records.has(slug) && records.has(other)
    switch (n % 10) {
      case 0:
      case 1:
      case 2:
        records.set(slug, n)
        break
      case 3:
        if (records.has(slug)) records.set(slug, n)
        break
      case 4:
        if (isThere) edges.add(`${slug}>${other}`)
        break
      case 7:
        records.set(slug, n).set(other, n)
        edges.add(`${slug}>${other}`)
        break
      case 9:
        records.delete(slug)
        for (const edge of edges) if (edge.split('>').includes(slug)) edges.delete(edge)
    }
    return { records, edges }
  }

  async #operation(n: number, slug: string, other: string): Promise<void> {
    const isThere = this.#model.records.has(slug) && this.#model.records.has(other)
    switch (n % 10) {
      case 0:
      case 1:
      case 2:
        return void (await this.#upsert(slug, n))
      case 3:
        if (!this.#model.records.has(slug)) return
        return void (await this.#ask('PATCH', `/records/${await this.#idOf(slug)}`, { data: { n } }, 201))
      case 4:
        if (isThere) await this.#attach(await this.#idOf(slug), await this.#idOf(other))
        return
      case 5:
        return this.#searchNear(n)
      case 6:
        return this.#searchRelated()
      case 7:
        return this.#inTransaction(n, slug, other, 'commit')
      case 8:
        return this.#inTransaction(n, slug, other, 'rollback')
      case 9:
        await this.#ask('POST', '/records/delete', { labels: ['Soak'], where: { slug } }, 201)
    }
  }

  async #searchNear(n: number): Promise<void> {
    const query = {
      labels: ['Soak'],
      propertyName: 'text',
      queryVector: vectorOf(n),
      limit: 5,
      ...(n % 20 === 5 && { where: { client: this.#client } }),
    }
    const { json } = await this.#ask('POST', '/ai/search', query, 200)
    const scores = json.data.map(({ __score }: { __score: number }) => __score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
  }

  async #searchRelated(): Promise<void> {
    const where = { client: this.#client, Soak: { $relation: { type: 'NEXT', direction: 'out' } } }
    const { json } = await this.#ask('POST', '/records/search', { labels: ['Soak'], where, limit: 1_000 }, 200)
    const sources = new Set([...this.#model.edges].map((edge) => edge.split('>')[0]))
    expect(json.data.map(({ slug }: { slug: string }) => slug).sort()).toEqual([...sources].sort())
  }

  async #inTransaction(n: number, slug: string, other: string, end: 'commit' | 'rollback'): Promise<void> {
    const { json } = await this.#ask('POST', '/tx', { ttl: 30_000 }, 200)
    const tx = { 'x-transaction-id': json.data.id as string }
    const id = await this.#upsert(slug, n, tx)
    const otherId = await this.#upsert(other, n, tx)
    await this.#attach(id, otherId, tx)
    await this.#ask('POST', `/tx/${json.data.id}/${end}`, {}, 200)
  }

  async #upsert(slug: string, n: number, tx?: Record<string, string>): Promise<string> {
    const data = {
      slug,
      client: this.#client,
      n,
      text: `text of ${slug}`,
      at: new Date(n * 1_000).toISOString(),
      tags: ['a', String(n % 3)],
    }
    const vectors = [{ propertyName: 'text', vector: vectorOf(n) }]
    const body = { label: 'Soak', data, vectors, options: { mergeBy: ['slug'] } }
    return (await this.#ask('POST', '/records', body, 201, tx)).json.data.__id
  }

  async #attach(id: string, otherId: string, tx?: Record<string, string>): Promise<void> {
    await this.#ask('POST', `/relationships/${id}`, { targetIds: [otherId], type: 'NEXT', properties: { since: 1 } }, 201, tx)
  }

  async #idOf(slug: string): Promise<string> {
    const { json } = await this.#ask('POST', '/records/search', { labels: ['Soak'], where: { slug }, limit: 1 }, 200)
    return json.data[0].__id
  }

  async #stored(): Promise<Model> {
    const mine = { labels: ['Soak'], where: { client: this.#client } }
    const found = await this.#ask('POST', '/records/search', { ...mine, limit: 1_000 }, 200)
    const records = found.json.data as { __id: string; slug: string; n: number }[]
    const slugs = new Map(records.map(({ __id, slug }) => [__id, slug]))
    const related = await this.#ask('POST', '/relationships/search', { source: mine, limit: 1_000 }, 200)
    const edges = related.json.data as { sourceId: string; targetId: string }[]
    return {
      records: new Map(records.map(({ slug, n }) => [slug, n])),
      edges: new Set(edges.map(({ sourceId, targetId }) => `${slugs.get(sourceId)}>${slugs.get(targetId)}`)),
    }
  }

  async #ask(method: string, path: string, body: unknown, status: number, more: Record<string, string> = {}): Promise<Answer> {
    this.requests++
    let answer: Answer
    try {
      const response = await fetch(`${this.#target.url}/api/v1${path}`, {
        method,
        headers: { ...headers, ...more },
        body: JSON.stringify(body),
      })
      answer = { status: response.status, json: await response.json() }
    } catch (cause) {
      if (cause instanceof TypeError || cause instanceof SyntaxError) throw new Unanswered(path, { cause })
      throw cause
    }
    // A transaction ends with its server.
    if (answer.status === 404 && 'x-transaction-id' in more) throw new Unanswered(path)
    expect([method, path, answer.status, answer.status === status ? '' : answer.json]).toEqual([method, path, status, ''])
    return answer
  }

  #slug(n: number): string {
    return `${this.#client}-${n % slugsPerClient}`
  }
}

function printed({ records, edges }: Model): string[] {
  return [...[...records].map(([slug, n]) => `${slug}=${n}`), ...edges].sort()
}
