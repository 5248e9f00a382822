/** Published on `quiver:vector-engine:search` after each search that ended well. */
export interface SearchEvent {
  readonly operation: string
  /** Hits returned. */
  readonly count: number
  readonly durationMs: number
  /** How candidates were found. */
  readonly strategy: SearchStrategy
  /** Whether a scan was shared among threads. */
  readonly parallel: boolean
  /** Among how many, the calling one included. */
  readonly lanes: number
}

export type SearchStrategy = 'none' | 'scan' | 'graph' | 'preFilter' | 'postFilter' | 'postFilter+preFilter'

/** Published on `quiver:vector-engine:write` after each call that stored or deleted. */
export interface WriteEvent {
  readonly operation: string
  /** Embeddings stored or deleted. */
  readonly count: number
  readonly durationMs: number
  /** Whether a batch was stored in one piece. */
  readonly bulk: boolean
}

/** Published on `quiver:vector-engine:index` when a graph is built, adopted or given up. */
export interface IndexEvent {
  readonly operation: string
  /** Vectors in the graph. */
  readonly count: number
  readonly durationMs: number
}

/** Published on `quiver:vector-engine:failure` when a part of a call failed that goes on without it. */
export interface FailureEvent {
  readonly operation: string
  /** What it was about, such as the name of a file. */
  readonly subject: string
  readonly error: unknown
}

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}

type ChannelName = 'search' | 'write' | 'index' | 'failure'

/** Tells subscribers of `node:diagnostics_channel` what the engine does. Elsewhere, and without subscribers, it costs nothing. */
export class EngineEvents {
  readonly #channels: Readonly<Record<ChannelName, Channel>> | undefined

  private constructor(channels: Record<ChannelName, Channel> | undefined) {
    this.#channels = channels
  }

  static async create(): Promise<EngineEvents> {
    const name = 'node:diagnostics_channel' // not a literal: a bundler for browsers leaves it alone
    try {
      const { channel } = (await import(/* @vite-ignore */ name)) as { channel: (name: string) => Channel }
      const named = (part: ChannelName): Channel => channel(`quiver:vector-engine:${part}`)
      const timed = { search: named('search'), write: named('write'), index: named('index') }
      return new EngineEvents({ ...timed, failure: named('failure') })
    } catch {
      return new EngineEvents(undefined) // a browser
    }
  }

  search(start: number, event: () => Omit<SearchEvent, 'durationMs'>): void {
    this.#publish('search', start, event)
  }

  write(start: number, event: () => Omit<WriteEvent, 'durationMs'>): void {
    this.#publish('write', start, event)
  }

  index(start: number, event: () => Omit<IndexEvent, 'durationMs'>): void {
    this.#publish('index', start, event)
  }

  failure(event: FailureEvent): void {
    this.#channels?.failure.publish(event)
  }

  #publish(name: ChannelName, start: number, event: () => object): void {
    const channel = this.#channels?.[name]
    if (channel?.hasSubscribers) channel.publish({ ...event(), durationMs: performance.now() - start })
  }
}
