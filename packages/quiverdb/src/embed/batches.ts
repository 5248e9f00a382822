import type { EmbedderLimits } from './embedder.js'

/** UTF-8 bytes of a token, on the short side: English has about four and Chinese about three, so counts come out a little too high. */
const bytesPerToken = 3
const batchTextsDefault = 128
const encoder = new TextEncoder()

/** About how many tokens a text has, for any model. */
function estimateTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / bytesPerToken)
}

/** Cuts a list of texts into runs that fit into one request each. A text that is too large for any is a run of its own. */
export function* batchesOf(texts: readonly string[], limits: EmbedderLimits): Generator<{ start: number; end: number }> {
  const { batchTexts = batchTextsDefault, batchTokens = Infinity } = limits
  let start = 0
  let tokens = 0
  for (let at = 0; at < texts.length; at++) {
    const more = batchTokens === Infinity ? 0 : estimateTokens(texts[at]!)
    if (at > start && (at - start >= batchTexts || tokens + more > batchTokens)) {
      yield { start, end: at }
      start = at
      tokens = 0
    }
    tokens += more
  }
  if (start < texts.length) yield { start, end: texts.length }
}
