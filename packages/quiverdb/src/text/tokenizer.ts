/**
 * Turns text into the tokens of a model and back. Chunk sizes are counted in them.
 * `decode(encode(text))` need not be `text` for every tokenizer: only counts are relied on.
 *
 * @example
 * ```ts
 * const characters: Tokenizer = {
 *   encode: (text) => Array.from(text, (character) => character.codePointAt(0)!),
 *   decode: (tokens) => String.fromCodePoint(...tokens),
 * }
 * ```
 */
export interface Tokenizer {
  encode(text: string): number[]
  decode(tokens: number[]): string
}
