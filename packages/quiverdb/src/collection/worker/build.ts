import { assert, QuiverError } from '../../errors.js'
import { encodeGraphPart, type GraphPart } from '../../segment/graph-part.js'
import type { VectorColumn } from '../../segment/row-set.js'
import { graphPresets, sectionsOf, type GraphImage, type GraphSections } from '../../vector/graph-image.js'
import { GraphStatistics } from '../../vector/graph-statistics.js'
import { HnswBuilder } from '../../vector/hnsw-builder.js'
import { Insertion } from '../../vector/threads/insertion.js'
import { VectorIndex } from '../version/index-state.js'
import type { Parts } from '../version/parts.js'
import type { BuildJob, JobResult } from './jobs.js'

/** Vectors that are read together. */
const chunkRows = 256
/** Below this, one thread is done before others have started. */
const threadedRowsMin = 2000

/** Message of the failure after which the caller builds anew: vectors have come that the old graph's space has no room for. */
export const rebuildNeeded = 'REBUILD_NEEDED'

interface Input {
  readonly column: VectorColumn
  readonly slots: Uint32Array
}

/** Builds a graph over the rows of a job, or inserts them into the copy of one: on several threads where the pool is shared. */
export async function build(
  job: BuildJob,
  parts: Parts,
  progress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<JobResult> {
  // Which rows are in the index has been decided by whoever gave the job.
  const definition = { ...job.definition, where: undefined }
  const index = new VectorIndex(definition, parts.pool)
  const inputs = job.inputs.map(({ key, base, slots }): Input => {
    const column = index.column(parts.rows(key, base))
    assert(column, `the rows of ${key} have vectors for index ${definition.name}`)
    return { column, slots }
  })
  const added = inputs.reduce((sum, { slots }) => sum + slots.length, 0)
  const base = job.into && parts.graph(job.into.key, job.into.nodes)
  const dead = job.into?.dead
  const builder = base
    ? HnswBuilder.fromImage(parts.pool, imageOf(base), added, job.mode, dead)
    : fresh(job, parts, inputs, added)
  const staying = base ? vidsWithout(base, dead) : new Float64Array(0)
  const vids = new Float64Array(staying.length + added)
  vids.set(staying)
  let at = staying.length
  const insertion = await Insertion.begin(builder, {
    threads: threadsOf(job, parts, added),
    signal,
    onProgress: (done) => progress(done, added),
  })
  try {
    for (const { column, slots } of inputs) {
      for (const { vectors, first, count } of chunksOf(column, slots)) {
        builder.append(vectors)
        if (builder.rebuildAdvised && base) throw new QuiverError('CONFLICT', rebuildNeeded)
        for (let i = 0; i < count; i++) vids[at++] = column.vid(slots[first + i]!)
        await insertion.goOn()
      }
    }
    const { header, sections } = await insertion.image()
    return { chunks: encodeGraphPart(parts.containers, header, sections, vids), count: vids.length }
  } finally {
    await insertion.close()
    builder.free()
  }
}

function threadsOf({ threads }: BuildJob, { pool }: Parts, added: number): number | undefined {
  if (!pool.shared || added < threadedRowsMin) return 1
  return threads || undefined
}

function fresh(job: BuildJob, parts: Parts, inputs: readonly Input[], capacity: number): HnswBuilder {
  const { dimensions, metric, codes, preset } = job.definition
  const statistics = new GraphStatistics(parts.pool, dimensions, metric)
  for (const { column, slots } of inputs) for (const { vectors } of chunksOf(column, slots)) statistics.add(vectors)
  const { m, m0, efConstruction } = graphPresets[preset]
  return HnswBuilder.create(parts.pool, {
    dimensions,
    metric,
    codes,
    m,
    m0,
    efConstruction,
    capacity,
    mode: job.mode,
    calibration: statistics.finish(),
  })
}

/** Vectors of a column, `chunkRows` at a time, tightly packed in one buffer that the next chunk reuses. */
function* chunksOf(column: VectorColumn, slots: Uint32Array): Generator<{ vectors: Float32Array; first: number; count: number }> {
  const { dimensions } = column
  const buffer = new Float32Array(chunkRows * dimensions)
  const bytes = new Uint8Array(buffer.buffer)
  for (let first = 0; first < slots.length; first += chunkRows) {
    const count = Math.min(chunkRows, slots.length - first)
    for (let i = 0; i < count; i++)
      column.readInto(slots[first + i]!, bytes.subarray(i * dimensions * 4, (i + 1) * dimensions * 4))
    yield { vectors: buffer.subarray(0, count * dimensions), first, count }
  }
}

/** The vids of a graph's nodes but those that are dead. */
function vidsWithout(graph: GraphPart, dead: Iterable<number> = []): Float64Array {
  const isDead = new Set(dead)
  return graph.vids().filter((_, node) => !isDead.has(node))
}

function imageOf(part: GraphPart): GraphImage {
  const { header } = part
  const sections: GraphSections = Object.fromEntries(sectionsOf(header.mode).map((name) => [name, part.file.readSection(name)]))
  return { header, sections }
}
