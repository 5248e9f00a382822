import type { Tokenizer } from '../text/tokenizer.js'

/** A tokenizer of Transformers.js. */
export interface PretrainedTokenizer {
  (text: string): { input_ids: { data?: ArrayLike<number | bigint> } | ArrayLike<number | bigint> }
  decode(tokens: number[], options: { skip_special_tokens: boolean }): string
}

/** The tokens of a model of Transformers.js. */
export class TransformersTokenizer implements Tokenizer {
  readonly #pretrained: PretrainedTokenizer

  constructor(pretrained: PretrainedTokenizer) {
    this.#pretrained = pretrained
  }

  encode(text: string): number[] {
    const { input_ids: ids } = this.#pretrained(text)
    const numbers = ('data' in ids && ids.data) || (ids as ArrayLike<number | bigint>)
    return Array.from(numbers, Number)
  }

  decode(tokens: number[]): string {
    return this.#pretrained.decode(tokens, { skip_special_tokens: true })
  }
}
