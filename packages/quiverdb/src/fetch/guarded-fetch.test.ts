import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type FetchOptions, guardedFetch } from './guarded-fetch.js'
import { isPublicAddress } from './public-address.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const fetchHere = (url: string, options: FetchOptions = {}) => guardedFetch(url, { allowPrivateAddresses: true, ...options })
const refusal = (code: string, message?: RegExp) =>
  expect.objectContaining({ code, ...(message && { message: expect.stringMatching(message) as string }) }) as Error

describe('addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  it.each([
    ...[
      '127.0.0.1',
      '127.1.2.3',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
    ],
    ...[
      '198.18.0.1',
      '203.0.113.9',
      '224.0.0.1',
      '255.255.255.255',
      '::1',
      '::',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12::1',
      'ff02::1',
    ],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2001:db8::1', '2002:7f00:1::', 'no address'],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('a guarded fetch', () => {
  it.each([
    'http://localhost/',
    'http://LOCALHOST./',
    'http://app.localhost/',
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://10.1.2.3/',
  ])('does not reach %s', async (url) => {
    await expect(guardedFetch(url)).rejects.toThrow(refusal('INVALID_ARGUMENT', /private network/))
  })

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'data:text/plain,x', 'no url', ''])('does not fetch "%s"', async (url) => {
    await expect(fetchHere(url)).rejects.toThrow(refusal('INVALID_ARGUMENT', /http and https/))
  })

  it('gives the text, its type and where it was found', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(301, { location: '/new' }).end()
      else response.setHeader('content-type', 'Text/Plain; charset=utf-8').end('grüße')
    })
    expect(await fetchHere(`${origin}/old`)).toEqual({ url: `${origin}/new`, contentType: 'text/plain', text: 'grüße' })
  })

  it('decodes what the type or the page names', async () => {
    const origin = await serve((request, response) => {
      const type = request.url === '/page' ? 'text/html' : 'text/plain; charset=iso-8859-1'
      const text = request.url === '/page' ? '<meta charset="latin1"><p>grüße' : 'grüße'
      response.setHeader('content-type', type).end(Buffer.from(text, 'latin1'))
    })
    expect((await fetchHere(`${origin}/`)).text).toBe('grüße')
    expect((await fetchHere(`${origin}/page`)).text).toContain('grüße')
  })

  it('looks at where a redirect leads', async () => {
    const origin = await serve((_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end())
    await expect(fetchHere(origin)).rejects.toThrow(refusal('INVALID_ARGUMENT', /http and https/))
  })

  it('does not follow redirects without end', async () => {
    const origin = await serve((_, response) => void response.writeHead(302, { location: '/again' }).end())
    await expect(fetchHere(origin, { redirectsMax: 3 })).rejects.toThrow(refusal('LIMIT_EXCEEDED', /more than 3 times/))
  })

  it('sends credentials to the first origin only', async () => {
    const seen: (string | undefined)[] = []
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization, request.headers.accept)
      response.end('there')
    })
    const origin = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(307, { location: other }).end()
    })
    await fetchHere(origin, { headers: { Authorization: 'Bearer key', Accept: 'text/plain' } })
    expect(seen).toEqual(['Bearer key', undefined, 'text/plain'])
  })

  it('stops at the size, whether it is told, streamed or packed', async () => {
    const zeros = Buffer.alloc(200_000)
    const origin = await serve((request, response) => {
      if (request.url === '/packed') response.setHeader('content-encoding', 'gzip').end(gzipSync(zeros))
      else if (request.url === '/streamed') {
        response.write(zeros)
        response.end(zeros)
      } else response.end(zeros)
    })
    for (const path of ['/told', '/streamed', '/packed'])
      await expect(fetchHere(origin + path, { bytesMax: 100_000 })).rejects.toThrow(refusal('LIMIT_EXCEEDED', /100000 bytes/))
  })

  it('stops when its time is over, before and within the body', async () => {
    const origin = await serve((request, response) => {
      if (request.url === '/body') response.write('a')
    })
    for (const path of ['/', '/body'])
      await expect(fetchHere(origin + path, { timeoutMs: 50 })).rejects.toThrow(refusal('TIMEOUT', /within 50 ms/))
  })

  it('stops when it is aborted', async () => {
    const stop = new AbortController()
    const origin = await serve(() => stop.abort())
    await expect(fetchHere(origin, { signal: stop.signal })).rejects.toThrow(refusal('ABORTED'))
    await expect(fetchHere(origin, { signal: stop.signal })).rejects.toThrow(refusal('ABORTED'))
  })

  it('tells why a server could not be reached, or broke off', async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('a')
      setImmediate(() => response.destroy())
    })
    await expect(fetchHere(origin)).rejects.toThrow(refusal('FETCH_FAILED', /broke off/))
    await expect(fetchHere('http://127.0.0.1:1/')).rejects.toThrow(refusal('FETCH_FAILED', /could not be fetched/))
  })

  it('looks at the address when it connects', async () => {
    const { publicConnections } = await import('./public-only.js')
    const url = new URL(await serve((_, response) => void response.end('secret')))
    // A name that seems to be public until it is asked for: here one that everybody has.
    url.hostname = 'localhost'
    const error: unknown = await publicConnections(url)
      .then((init) => fetch(url, init))
      .catch((caught: unknown) => (caught as Error).cause ?? caught)
    expect(error).toEqual(refusal('INVALID_ARGUMENT', /private network/))
  })
})
