import { QuiverError } from '../errors.js'
import type { Tokenizer } from '../text/tokenizer.js'

/** What a browser has in the place of files. @throws QuiverError UNSUPPORTED */
export async function readFileText(file: string): Promise<{ path: string; text: string }> {
  throw unsupported(`A browser reads no files by path (${file})`, { path: file })
}

/** A page may only be fetched where its server allows it, and by the page's own means. @throws QuiverError UNSUPPORTED */
export async function fetchText(url: string): Promise<{ text: string; docType?: string }> {
  throw unsupported(`In a browser nothing is fetched for documents (${url})`, { url })
}

function unsupported(what: string, details: Record<string, unknown>): QuiverError {
  return new QuiverError('UNSUPPORTED', `${what}. Give the document as text.`, { details })
}

const unitsPerToken = 3
const unitBits = 0x10000

/**
 * Three UTF-16 units are a token: somewhat more tokens than models count for most texts. The tables of a real tokeniser would make every page that imports
 * Quiver some megabytes larger; who wants one gives it as an option.
 */
export const defaultTokenizer: Tokenizer = {
  encode: (text) =>
    Array.from({ length: Math.ceil(text.length / unitsPerToken) }, (_, at) => {
      const start = at * unitsPerToken
      let token = 1
      for (let unit = start; unit < Math.min(text.length, start + unitsPerToken); unit++)
        token = token * unitBits + text.charCodeAt(unit)
      return token
    }),
  decode: (tokens) =>
    tokens
      .map((token) => {
        let text = ''
        for (; token > 1; token = Math.floor(token / unitBits)) text = String.fromCharCode(token % unitBits) + text
        return text
      })
      .join(''),
}
