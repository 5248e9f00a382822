import { Type } from 'typebox'
import { optional, strict, where, written } from './shared.js'

const choice = <const V extends readonly string[]>(...values: V) => Type.Unsafe<V[number]>({ type: 'string', enum: values })

export const indexOptions = strict({
  name: optional(Type.String({ description: 'Default: `field`' })),
  field: Type.String(),
  dimensions: optional(
    Type.Integer({ minimum: 1, maximum: 16_384, description: 'A managed index may leave it to the embedder' }),
  ),
  metric: optional(choice('cosine', 'dot', 'l2')),
  source: optional(choice('field', 'external', 'managed')),
  where: optional(where),
  zeroVectors: optional(choice('refuse', 'keep')),
  codes: optional(choice('int8', 'float32')),
  preset: optional(choice('default', 'highRecall', 'highSpeed')),
  mode: optional(choice('speed', 'balanced', 'memory')),
})

const managedStatus = Type.Object({
  embedder: Type.String({ description: 'Whose vectors it holds' }),
  status: choice('pending', 'indexing', 'ready', 'error'),
  records: Type.Integer({ description: 'Records in its scope that have a text' }),
  embedded: Type.Integer(),
  refused: Type.Integer({ description: 'Texts that the embedder refused' }),
  error: optional(Type.String()),
})

export const indexStatus = Type.Object({
  name: Type.String(),
  field: Type.String(),
  source: Type.String(),
  dimensions: Type.Integer(),
  metric: Type.String(),
  status: choice('ready', 'building'),
  records: Type.Integer(),
  unindexed: Type.Integer(),
  graphs: Type.Array(Type.Integer()),
  managed: optional(managedStatus),
})

const fieldStatus = strict({ path: Type.String(), indexed: Type.Integer(), unindexed: Type.Integer() })

export const collectionBody = Type.Union([
  strict({
    indexes: optional(Type.Array(indexOptions, { maxItems: 64 })),
    fields: optional(Type.Array(Type.String(), { maxItems: 64, description: 'Dotted paths of fields that filters ask for' })),
  }),
  Type.Null(),
])
export const fieldsBody = strict({ paths: Type.Array(Type.String(), { minItems: 1, maxItems: 64 }) })
export const fields = strict({ fields: Type.Array(fieldStatus) })
export const indexes = strict({ indexes: Type.Array(indexStatus) })
export const collection = strict({
  name: Type.String(),
  records: Type.Integer(),
  indexes: Type.Array(indexStatus),
  fields: Type.Array(fieldStatus),
})
export const dropped = strict({ dropped: Type.String() })

const names = Type.Array(Type.String())
export const namespaces = strict({ namespaces: names })
export const collections = strict({ collections: names })

export const stats = Type.Object({
  ...written,
  collections: Type.Array(
    Type.Object({ name: Type.String(), records: Type.Integer(), segments: Type.Integer(), indexes: Type.Array(indexStatus) }),
  ),
  store: Type.Object({ objects: Type.Integer() }),
  waitingWrites: Type.Integer({ description: 'Writes of this server that no commit has taken yet' }),
  memoryBytes: Type.Integer({ description: 'Linear memory in use by the whole database' }),
})

export const commitBody = strict({ message: Type.String() })
export const logQuery = strict({ limit: optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Default: 100' })) })
export const log = strict({
  entries: Type.Array(
    strict({
      ...written,
      time: Type.String(),
      kind: choice('write', 'named'),
      message: optional(Type.String()),
      records: Type.Integer(),
    }),
  ),
})

const waitMsMax = 3_600_000
export const settleBody = Type.Union([
  strict({
    timeoutMs: optional(Type.Integer({ minimum: 0, maximum: waitMsMax, description: 'How long to wait. Default: 30,000' })),
  }),
  Type.Null(),
])
export const settled = strict({ settled: Type.Boolean({ description: 'False: the time was over; the work goes on' }) })
export const checked = Type.Object({
  ok: Type.Boolean(),
  objects: Type.Integer(),
  records: Type.Integer(),
  graphs: Type.Integer(),
  problems: Type.Array(Type.Unknown()),
})
