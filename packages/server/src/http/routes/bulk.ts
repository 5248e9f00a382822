import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import { type Collection, type Filter, QuiverError } from 'quiverdb'
import { Type } from 'typebox'
import { exportedLines } from '../bulk/export.js'
import { importRecords, type ImportEnd, type ImportProgress } from '../bulk/import.js'
import type { Context } from '../context.js'
import { type App, atQuery, collectionParams, optional, problem, strict } from '../schemas/shared.js'

const path = '/namespaces/:namespace/collections/:collection'
const lines = 'application/x-ndjson'
const tags = ['bulk']

const batchRecordsDefault = 1_000
const batchRecordsMax = 100_000
const batchBytesMax = 16 * 1024 * 1024
/** Progress that nobody reads is left out beyond this: most clients read nothing before all is sent. */
const unreadBytesMax = 64 * 1024

const streamed = (description: string) => ({
  200: { description, content: { [lines]: { schema: Type.String() } } },
  '4xx': problem,
  '5xx': problem,
})

/** A scope of its own: here, and only here, a body may be lines. */
export function bulkRoutes(app: App, context: Context): void {
  app.addContentTypeParser([lines, 'application/jsonl'], (_request, payload, done) => done(null, payload))
  importRoute(app, context)
  exportRoute(app, context)
}

function importRoute(app: App, { open, settings, stopping }: Context): void {
  app.post(
    `${path}/import`,
    {
      config: { role: 'write' },
      schema: {
        tags,
        consumes: [lines],
        summary: 'Store records, a line each; the answer is a line for each commit',
        params: collectionParams,
        querystring: strict({
          batch: optional(
            Type.Integer({ minimum: 1, maximum: batchRecordsMax, description: 'Records of a commit. Default: 1,000' }),
          ),
        }),
        response: streamed('Lines {stored, line, version}; the last has `done`, and `error` where it is false'),
      },
    },
    async ({ params, query, body }, reply) => {
      if (!(body instanceof Readable)) throw new QuiverError('INVALID_ARGUMENT', `An import has a body of lines (${lines}).`)
      const collection = await open.use(params.namespace, params.collection, alive)
      return answerImport(reply, async (onProgress) => {
        const end = await importRecords({
          lines: body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>,
          bounds: {
            recordsMax: query.batch ?? batchRecordsDefault,
            bytesMax: batchBytesMax,
            lineBytesMax: settings.bodyBytesMax,
          },
          store: (records) => collection.upsert(records),
          stopping,
          onProgress,
        })
        // What is left of a failed import is read and dropped: a sender that is still sending would not see the answer.
        body.resume()
        return end
      })
    },
  )
}

/** What fails before anything is stored is an error like others; after it, the last line says so, since the status has been sent. */
async function answerImport(
  reply: FastifyReply,
  run: (onProgress: (progress: ImportProgress) => void) => Promise<ImportEnd & { readonly cause?: unknown }>,
): Promise<FastifyReply> {
  const answer = new Readable({ read: () => undefined })
  let begin = (): void => undefined
  const begun = new Promise<undefined>((resolve) => (begin = () => resolve(undefined)))
  const ending = run((progress) => {
    if (answer.readableLength < unreadBytesMax) answer.push(`${JSON.stringify(progress)}\n`)
    begin()
  })
  const early = await Promise.race([begun, ending])
  if (early?.error && early.stored === 0) throw early.cause
  void ending.then(({ cause: _, ...end }) => {
    answer.push(`${JSON.stringify(end)}\n`)
    answer.push(null)
  })
  return reply.type(lines).send(answer)
}

function exportRoute(app: App, { open }: Context): void {
  app.get(
    `${path}/export`,
    {
      config: { role: 'read' },
      schema: {
        tags,
        summary: 'All records of one version, a line each',
        params: collectionParams,
        querystring: strict({
          ...atQuery.properties,
          fields: optional(Type.String({ description: 'Only these fields: `title,author.name`' })),
          vectors: optional(Type.Boolean({ description: 'Also `$vectors`, the vectors of external indexes' })),
          where: optional(Type.String({ description: 'A filter, as JSON' })),
        }),
        response: streamed('A record in each line; the header x-quiver-version names the version'),
      },
    },
    async ({ params, query }, reply) => {
      const where = query.where === undefined ? undefined : filterOf(query.where)
      const collection = await open.use(params.namespace, params.collection, alive)
      const reader = await collection.at(query.at ?? (await (await open.namespace(params.namespace)).version()))
      const options = { fields: query.fields?.split(','), vectors: query.vectors, where }
      const rows = exportedLines(reader, options)
      try {
        // What is wrong with the query shows at the first page, before the status is sent.
        const first = await rows.next()
        const stream = Readable.from(withFirst(first, rows), { objectMode: false, highWaterMark: unreadBytesMax })
        stream.once('close', () => void reader.close())
        return await reply.type(lines).header('x-quiver-version', reader.version).send(stream)
      } catch (error) {
        await reader.close()
        throw error
      }
    },
  )
}

async function* withFirst(
  first: IteratorResult<string, void>,
  rest: AsyncIterable<string>,
): AsyncGenerator<string, void, undefined> {
  if (first.done) return
  yield first.value
  yield* rest
}

/** A handle may be of a collection that was dropped; a stream cannot be read twice to find out. */
async function alive(collection: Collection): Promise<Collection> {
  await collection.fields()
  return collection
}

/** @throws QuiverError INVALID_FILTER */
function filterOf(text: string): Filter {
  try {
    return JSON.parse(text) as Filter
  } catch (cause) {
    throw new QuiverError('INVALID_FILTER', 'The filter is not JSON.', { details: { place: 'where' }, cause })
  }
}
