import { QuiverError } from '../errors.js'

/** Where a page may say which encoding it has (HTML, "prescan a byte stream"). */
const prescanBytes = 1024

/**
 * The body of an answer as text, in the encoding that its type, its first bytes or its page names; else UTF-8.
 *
 * @throws QuiverError LIMIT_EXCEEDED, FETCH_FAILED
 */
export async function decodeBody(response: Response, contentType: string, bytesMax: number, url: string): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge(url, bytesMax)
  // Not everything that stands in for `fetch` gives streams.
  if (!response.body) {
    const text = await response.text()
    if (text.length > bytesMax) throw tooLarge(url, bytesMax)
    return text
  }
  const bytes = await readBody(response.body, bytesMax, url)
  return decoderOf(bytes, contentType).decode(bytes)
}

async function readBody(body: ReadableStream<Uint8Array>, bytesMax: number, url: string): Promise<Uint8Array> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      length += value.length
      if (length > bytesMax) throw tooLarge(url, bytesMax)
      chunks.push(value)
    }
  } catch (error) {
    await reader.cancel().catch(() => {})
    if (error instanceof QuiverError) throw error
    throw new QuiverError('FETCH_FAILED', `${url} broke off: ${(error as Error).message}`, { details: { url }, cause: error })
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function decoderOf(bytes: Uint8Array, contentType: string): InstanceType<typeof TextDecoder> {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le')
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be')
  const named = charsetIn(contentType) ?? (/html/i.test(contentType) ? charsetOfPage(bytes) : undefined)
  try {
    return new TextDecoder(named ?? 'utf-8')
  } catch {
    return new TextDecoder()
  }
}

function charsetOfPage(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, prescanBytes))
  return charsetIn(/<meta[^>]*charset[^>]*>/i.exec(start)?.[0] ?? '')
}

const charsetIn = (text: string): string | undefined => /charset\s*=\s*["']?([\w-]+)/i.exec(text)?.[1]

function tooLarge(url: string, bytesMax: number): QuiverError {
  return new QuiverError('LIMIT_EXCEEDED', `${url} has more than ${bytesMax} bytes.`, { details: { url, bytesMax } })
}
