import { builtInEmbedder } from '../embed/built-in.js'
import type { Embedder } from '../embed/embedder.js'
import type { Tokenizer } from '../text/tokenizer.js'

/** The built-in embedder, with every text that it was given for storing; `fail` may throw instead, or give other vectors. */
export function countingEmbedder(
  fail?: (texts: readonly string[]) => Float32Array[] | undefined,
): Embedder & { readonly texts: string[] } {
  const inner = builtInEmbedder({ dimensions: 128 })
  const texts: string[] = []
  return {
    ...inner,
    id: 'counting',
    limits: { batchTexts: 4, concurrency: 1 },
    texts,
    embed: async (batch, call) => {
      const instead = fail?.(batch)
      if (call?.purpose !== 'query') texts.push(...batch)
      return instead ?? inner.embed(batch, call)
    },
  }
}

/** A token for each word with the white space behind it. */
export const wordTokenizer: Tokenizer = {
  encode: (text) => Array.from(text.match(/\S+\s*|\s+/g) ?? [], (word) => word.length),
  decode: (tokens) => tokens.map((length) => 'x'.repeat(length)).join(''),
}
