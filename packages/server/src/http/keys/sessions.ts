import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../problems.js'

export interface Credentials {
  readonly login: string
  readonly password: string
}

const lifetimeMs = 60 * 60 * 1000
const secretBytes = 32
/** Failed attempts to sign in, from one address in a minute. */
const failuresMax = 10
const failuresMs = 60_000
const addressesMax = 10_000

/**
 * Who has signed in: tokens are JSON Web Tokens (RFC 7519) under HMAC-SHA-256 with a secret of the process, so they end with it, or after an hour.
 */
export class Sessions {
  readonly #secret = randomBytes(secretBytes)
  readonly #credentials: Credentials
  readonly #failures = new Map<string, { count: number; since: number }>()

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /** Begins a session. @param address who asks @throws Refusal FORBIDDEN: not these credentials. RATE_LIMITED: too many attempts */
  begin({ login, password }: Credentials, address: string): string {
    this.#checkAttempts(address)
    const isLogin = areEqual(login, this.#credentials.login)
    const isPassword = areEqual(password, this.#credentials.password)
    if (!isLogin || !isPassword) {
      this.#failed(address)
      throw new Refusal('FORBIDDEN', 'Wrong login or password')
    }
    const now = Date.now()
    const claims = { sub: login, iat: Math.floor(now / 1000), exp: Math.floor((now + lifetimeMs) / 1000) }
    const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
    return `${text}.${this.#signature(text)}`
  }

  isValid(token: string): boolean {
    const end = token.lastIndexOf('.')
    const text = token.slice(0, end)
    if (!areEqual(token.slice(end + 1), this.#signature(text))) return false
    // It is signed, so it is as `begin` wrote it.
    const { exp } = JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString()) as { exp: number }
    return Date.now() < exp * 1000
  }

  #signature(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url')
  }

  #checkAttempts(address: string): void {
    const failures = this.#failures.get(address)
    if (!failures) return
    if (Date.now() - failures.since >= failuresMs) this.#failures.delete(address)
    else if (failures.count >= failuresMax) throw new Refusal('RATE_LIMITED', 'Too many attempts to sign in. Wait a minute.')
  }

  #failed(address: string): void {
    if (this.#failures.size >= addressesMax) this.#failures.clear()
    const failures = this.#failures.get(address)
    if (failures) failures.count++
    else this.#failures.set(address, { count: 1, since: Date.now() })
  }
}

/** A token of a session has exactly two dots, an API key none. */
export function looksLikeSession(text: string): boolean {
  return text.split('.').length === 3
}

/** Takes as long for any two texts. */
function areEqual(a: string, b: string): boolean {
  return timingSafeEqual(digestOf(a), digestOf(b))
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
