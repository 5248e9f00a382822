import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Namespace } from 'quiverdb'

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const searchBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
/** A label has so many values at most; further namespaces are left out. */
const namespacesMax = 200

/** What Prometheus asks for. Numbers of namespaces are read when they are asked for. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Histogram
  readonly #search: Histogram
  readonly #recall: Gauge
  readonly #inFlight: Gauge
  readonly #memory: Gauge
  readonly #namespaces: () => ReadonlyMap<string, Namespace>
  /** Finding the series of some labels takes longer than counting. */
  readonly #series = new Map<string, Histogram.Internal<string>>()

  constructor(namespaces: () => ReadonlyMap<string, Namespace>) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = new Histogram({
      name: 'quiver_request_seconds',
      help: 'Time to answer requests',
      labelNames: ['method', 'route', 'status'],
      buckets: requestBuckets,
      registers,
    })
    this.#search = new Histogram({
      name: 'quiver_search_seconds',
      help: 'Time of searches alone',
      buckets: searchBuckets,
      registers,
    })
    this.#inFlight = new Gauge({
      name: 'quiver_requests_in_flight',
      help: 'Requests that have begun and are not answered',
      registers,
    })
    this.#recall = new Gauge({
      name: 'quiver_recall',
      help: 'Share of the 10 nearest that a sample of searches found with an effort',
      labelNames: ['namespace', 'collection', 'index', 'ef'],
      registers,
    })
    this.#memory = new Gauge({ name: 'quiver_memory_bytes', help: 'Linear memory for codes, graphs and searches', registers })
    this.#namespaces = namespaces
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  began(): void {
    this.#inFlight.inc()
  }

  answered(method: string, route: string, status: number, seconds: number): void {
    this.#inFlight.dec()
    const key = `${method} ${status} ${route}`
    let series = this.#series.get(key)
    if (!series) {
      series = this.#requests.labels(method, route, String(status))
      this.#series.set(key, series)
    }
    series.observe(seconds)
  }

  searched(seconds: number): void {
    this.#search.observe(seconds)
  }

  recall(place: { namespace: string; collection: string; index: string }, ef: number, recall: number): void {
    this.#recall.set({ ...place, ef }, recall)
  }

  async text(): Promise<string> {
    await this.#readNamespaces()
    return this.#registry.metrics()
  }

  async #readNamespaces(): Promise<void> {
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
    for (const [namespace, open] of [...this.#namespaces()].slice(0, namespacesMax)) {
      const { collections, store, waitingWrites, memoryBytes } = await open.stats()
      const indexes = collections.flatMap((collection) => collection.indexes)
      this.#gauge('records', 'Records of a namespace').set({ namespace }, sum(collections.map(({ records }) => records)))
      this.#gauge('unindexed_records', 'Vectors that no graph holds: searches scan them').set(
        { namespace },
        sum(indexes.map(({ unindexed }) => unindexed)),
      )
      this.#gauge('graphs', 'Graphs that searches walk').set({ namespace }, sum(indexes.map(({ graphs }) => graphs.length)))
      const managed = indexes.flatMap((index) => index.managed ?? [])
      this.#gauge('pending_embeddings', 'Texts of managed indexes that wait for their vectors').set(
        { namespace },
        sum(managed.map(({ records, embedded, refused }) => records - embedded - refused)),
      )
      this.#gauge('segments', 'Sealed parts of rows').set({ namespace }, sum(collections.map(({ segments }) => segments)))
      this.#gauge('waiting_writes', 'Writes that no commit has taken yet').set({ namespace }, waitingWrites)
      this.#gauge('objects', 'Objects in the store').set({ namespace }, store.objects)
      this.#memory.set(memoryBytes)
    }
  }

  /** A number of each namespace. */
  #gauge(name: string, help: string): Gauge {
    const known = this.#registry.getSingleMetric(`quiver_${name}`) as Gauge | undefined
    return known ?? new Gauge({ name: `quiver_${name}`, help, labelNames: ['namespace'], registers: [this.#registry] })
  }
}
