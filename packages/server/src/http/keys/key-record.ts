import { QuiverError } from 'quiverdb'

/** `read`: everything that changes nothing. `write`: also records, indexes, commits. `admin`: also dropping collections, and upkeep. */
export const roles = ['read', 'write', 'admin'] as const
export type Role = (typeof roles)[number]

/** A key as it is kept: all but its secret. */
export interface KeyRecord {
  readonly id: string
  /** For people. */
  readonly name: string
  readonly role: Role
  readonly namespaces: '*' | readonly string[]
  /** SHA-256 of the secret, in hexadecimal digits. */
  readonly hash: string
  /** ISO 8601. */
  readonly created: string
  /** From then on it is none; absent: it stays one. */
  readonly expires?: string
  readonly revoked?: string
}

const hexSha256 = /^[0-9a-f]{64}$/

/** @throws QuiverError INVALID_ARGUMENT */
export function keyRecord(value: unknown): KeyRecord {
  const { id, name, role, namespaces, hash, created, expires, revoked } = (value ?? {}) as Partial<
    Record<keyof KeyRecord, unknown>
  >
  const texts = [id, name, hash, created, expires ?? '', revoked ?? ''].every((text) => typeof text === 'string')
  const scoped =
    namespaces === '*' ||
    (Array.isArray(namespaces) && namespaces.length > 0 && namespaces.every((name) => typeof name === 'string' && name !== ''))
  if (!texts || !roles.includes(role as Role) || !scoped || !hexSha256.test(hash as string))
    throw new QuiverError('INVALID_ARGUMENT', `A key has a role (${roles.join(', ')}) and namespaces ('*', or names).`)
  return value as KeyRecord
}

/** Whether a key may do what asks for a role. */
export function allows(key: Pick<KeyRecord, 'role'>, needed: Role): boolean {
  return roles.indexOf(key.role) >= roles.indexOf(needed)
}

/** Whether a key may see a namespace; without a name: all of them. */
export function sees(key: Pick<KeyRecord, 'namespaces'>, namespace: string | undefined): boolean {
  if (key.namespaces === '*') return true
  return namespace !== undefined && key.namespaces.includes(namespace)
}

/** Whether a key was taken back, or its time is over. */
export function isOver({ expires, revoked }: KeyRecord): boolean {
  return revoked !== undefined || (expires !== undefined && !(Date.parse(expires) > Date.now()))
}
