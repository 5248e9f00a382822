const { setImmediate: immediately } = globalThis as { setImmediate?: (callback: () => void) => unknown }

/** Lets others run: all that is due before timers in Node, and in a browser whatever waits. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void (immediately ? immediately(resolve) : setTimeout(resolve)))
}
