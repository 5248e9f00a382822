/** Kinds of background work. */
export type Task = 'flush' | 'build' | 'merge' | 'compact' | 'fields' | 'snapshot' | 'collect' | 'embed'

/** How far background work is. `total` is 0 where it is not known. */
export interface Progress {
  readonly task: Task
  readonly collection?: string
  readonly done: number
  readonly total: number
}
