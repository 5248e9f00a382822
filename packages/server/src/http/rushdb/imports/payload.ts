import { badRequest } from '../problem.js'

export const payloadFormats = ['json', 'jsonl', 'ndjson'] as const
export type PayloadFormat = (typeof payloadFormats)[number]

/** Data that came as a text: JSON, or a JSON value in each line. @throws RushProblem 400 */
export function parsedPayload(text: string, format: PayloadFormat | undefined): unknown {
  if (format === 'jsonl' || format === 'ndjson') return lines(text)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (format === undefined && /\n\s*\S/.test(text)) return lines(text)
    throw badRequest(`Import failed: the text is not valid JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}

function lines(text: string): unknown[] {
  const values: unknown[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      values.push(JSON.parse(line))
    } catch (error) {
      throw badRequest(`Import failed: line ${at + 1} is not valid JSON: ${(error as Error).message.slice(0, 200)}`)
    }
  }
  return values
}
