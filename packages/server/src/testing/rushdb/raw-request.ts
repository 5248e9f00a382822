import { connect } from 'node:net'

/** A request as a client of RushDB sent it. */
export interface RecordedRequest {
  readonly method: string
  readonly url: string
  /** In the order they were sent. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface RawAnswer {
  readonly status: number
  readonly json: ReturnType<typeof JSON.parse>
}

/** Sends a request over a socket of its own, with its headers as they are, and its body in one chunk where it came in chunks. */
export function sendRaw(url: string, { method, url: path, headers, body }: RecordedRequest): Promise<RawAnswer> {
  const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const chunked = headers['transfer-encoding'] === 'chunked'
  const chunk = body === '' ? '' : `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`
  return exchange(url, `${lines.join('\r\n')}\r\n\r\n${chunked ? `${chunk}0\r\n\r\n` : body}`)
}

/** Sends bytes, and reads one answer. The connection may stay open, so the answer ends where its length says. */
export function exchange(url: string, bytes: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    let received = Buffer.alloc(0)
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      const answer = answerIn(received)
      if (!answer) return
      socket.destroy()
      resolve(answer)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`The connection ended after ${received.length} bytes.`)))
  })
}

function answerIn(received: Buffer): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = received.toString('latin1', 0, end)
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1])
  if (!(received.length >= end + 4 + length)) return undefined
  const text = received.toString('utf8', end + 4, end + 4 + length)
  return { status: Number(head.split(' ')[1]), json: text === '' ? undefined : JSON.parse(text) }
}
