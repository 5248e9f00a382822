import { o200kTokenizer } from '../text/o200k-tokenizer.js'
import type { Tokenizer } from '../text/tokenizer.js'

/**
 * The tokens of OpenAI's models since GPT-4o (`o200k_base`); the name is Vectra's. Unlike there, names of special tokens such as
 * `<|endoftext|>` are text like any other.
 *
 * @example
 * ```ts
 * new GPT3Tokenizer().encode('hello world') // [24912, 2375]
 * ```
 */
export class GPT3Tokenizer implements Tokenizer {
  encode(text: string): number[] {
    return o200kTokenizer.encode(text)
  }

  decode(tokens: number[]): string {
    return o200kTokenizer.decode(tokens)
  }
}
