/** How long a search may hold the thread before it lets others run. */
export const turnMs = 12

/** Lets other work run now and then during work that takes long. */
export class Turns {
  #end = performance.now() + turnMs

  /** Resolves at once, or, when the turn has taken long enough, after others have run. */
  async pause(): Promise<void> {
    if (performance.now() < this.#end) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.#end = performance.now() + turnMs
  }
}
