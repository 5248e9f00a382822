/** The lines of a streamed answer. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop()!
      for (const line of lines) if (line !== '') yield line
      if (done) break
    }
    if (rest !== '') yield rest
  } finally {
    // Whoever stops reading early lets the server stop too.
    await reader.cancel().catch(() => undefined)
  }
}
