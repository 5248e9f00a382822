const controller = new AbortController()

/** Aborted by the first Ctrl-C: commands finish what they must and stop. A second one ends the process at once. */
export const interrupt: AbortSignal = controller.signal

export function listenForInterrupt(): void {
  process.once('SIGINT', () => controller.abort())
}
