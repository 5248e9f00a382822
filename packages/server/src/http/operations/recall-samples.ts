import type { Namespace } from 'quiverdb'
import type { Metrics } from './metrics.js'

const sample = 20
const efs = [20, 50, 100, 200]

interface Place {
  readonly namespace: string
  readonly collection: string
  readonly index: string
}

/** Measures the recall of one index after the other, now and then, so that a drift shows before somebody complains. */
export class RecallSamples {
  readonly #timer: NodeJS.Timeout
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #turn: Place[] = []

  constructor(
    everyMs: number,
    namespaces: () => ReadonlyMap<string, Namespace>,
    metrics: Metrics,
    onError: (error: unknown) => void,
  ) {
    let busy = false
    this.#timer = setInterval(() => {
      if (busy) return
      busy = true
      this.#running = this.#next(namespaces(), metrics)
        .catch((error: unknown) => (this.#stop.signal.aborted ? undefined : onError(error)))
        .finally(() => (busy = false))
    }, everyMs).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await this.#running
  }

  async #next(namespaces: ReadonlyMap<string, Namespace>, metrics: Metrics): Promise<void> {
    if (this.#turn.length === 0) this.#turn = await placesIn(namespaces)
    const place = this.#turn.shift()
    const namespace = place && namespaces.get(place.namespace)
    if (!namespace || !(await namespace.collections()).includes(place.collection)) return
    const collection = await namespace.collection(place.collection)
    const { efforts } = await collection.evaluate({ index: place.index, sample, efs, signal: this.#stop.signal })
    for (const { ef, recall } of efforts) metrics.recall(place, ef, recall)
  }
}

async function placesIn(namespaces: ReadonlyMap<string, Namespace>): Promise<Place[]> {
  const places: Place[] = []
  for (const [namespace, open] of namespaces)
    for (const { name: collection, indexes } of (await open.stats()).collections)
      for (const { name: index, records } of indexes) if (records > 0) places.push({ namespace, collection, index })
  return places
}
