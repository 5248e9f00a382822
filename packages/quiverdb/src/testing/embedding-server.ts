import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it arrived. */
export interface SeenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly model?: string; readonly input: string[]; readonly dimensions?: number }
}

/** Answers one request; without an answer of its own the server gives the vectors that the protocol wants. */
export type Reply = (request: SeenRequest, response: ServerResponse, ordinal: number) => void | Promise<void>

/** A service that speaks the protocol of OpenAI, on a port of loopback that is free. */
export interface EmbeddingServer {
  readonly url: string
  readonly requests: SeenRequest[]
  /** The most requests that were there at once. */
  readonly side: () => number
  close(): Promise<void>
}

/** The vector that the server gives a text: its length, how many vowels it has, and 1. */
export function servedVector(text: string): number[] {
  return [text.length, text.match(/[aeiou]/g)?.length ?? 0, 1]
}

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** As OpenAI answers; the list is turned round, since the protocol promises no order. */
export function answerVectors(response: ServerResponse, vectors: readonly (readonly unknown[])[]): void {
  const data = vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse()
  answerJson(response, 200, { object: 'list', data, model: 'test', usage: { prompt_tokens: 1, total_tokens: 1 } })
}

export async function startEmbeddingServer(reply?: Reply): Promise<EmbeddingServer> {
  const requests: SeenRequest[] = []
  let now = 0
  let most = 0
  const server = createServer((request, response) => {
    void (async () => {
      most = Math.max(most, ++now)
      response.once('close', () => now--)
      const seen = await read(request)
      requests.push(seen)
      await reply?.(seen, response, requests.length)
      if (!response.writableEnded && !reply) answerVectors(response, seen.body.input.map(servedVector))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    side: () => most,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function read(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    path: request.url!,
    headers: request.headers,
    body: JSON.parse(Buffer.concat(chunks).toString()) as SeenRequest['body'],
  }
}
