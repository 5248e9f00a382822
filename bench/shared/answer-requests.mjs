// The child's end of `child.mjs`.

/** @returns {any} what the parent gave when it started this process */
export function childParameters() {
  return JSON.parse(process.argv[2])
}

/** @param {Record<string, (parameters: any) => unknown>} requests what the parent may ask for */
export function answerRequests(requests) {
  process.on('message', async ({ id, kind, ...rest }) => {
    try {
      process.send?.({ id, value: await requests[kind]?.(rest) })
    } catch (error) {
      if (process.env.BENCH_VERBOSE) console.error(error)
      process.send?.({ id, error: (error instanceof Error ? error.message : String(error)).split('\n')[0] })
    }
  })
  process.on('disconnect', () => process.exit())
}
