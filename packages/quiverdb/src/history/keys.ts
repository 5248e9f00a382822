import { QuiverError } from '../errors.js'

/**
 * Where everything lies in a store (`docs/FORMAT.md`, "Keys"). Sequence numbers are padded so that keys sort as numbers do;
 * in `snap/` and `gc/` they are inverted, so that the newest is the first of one list call.
 */
export const formatKey = 'format'
export const namespacesPrefix = 'ns/'
export const mainBranch = 'main'

const sequenceDigits = 16
/** 2^53 - 1, the largest sequence number. */
const sequenceMax = Number.MAX_SAFE_INTEGER

/** The keys of one branch of one namespace. */
export class BranchKeys {
  readonly namespace: string
  readonly root: string
  readonly logPrefix: string
  readonly snapshotPrefix: string
  readonly boundaryPrefix: string
  readonly pinPrefix: string
  readonly rowsPrefix: string
  readonly graphPrefix: string
  readonly fieldsPrefix: string

  constructor(namespace: string, branch = mainBranch) {
    this.namespace = namespace
    this.root = `${namespacesPrefix}${escapeName(namespace)}/`
    this.logPrefix = `${this.root}b/${branch}/log/`
    this.snapshotPrefix = `${this.root}b/${branch}/snap/`
    this.boundaryPrefix = `${this.root}b/${branch}/gc/`
    this.pinPrefix = `${this.root}pin/`
    this.rowsPrefix = `${this.root}rows/`
    this.graphPrefix = `${this.root}graph/`
    this.fieldsPrefix = `${this.root}fields/`
  }

  log(seq: number): string {
    return this.logPrefix + digits(seq)
  }

  snapshot(seq: number): string {
    return this.snapshotPrefix + digits(sequenceMax - seq)
  }

  boundary(seq: number): string {
    return this.boundaryPrefix + digits(sequenceMax - seq)
  }

  /** The key behind which `list` finds snapshots at or below `seq`, newest first. */
  beforeSnapshot(seq: number): string {
    return this.snapshotPrefix + digits(sequenceMax - seq - 1)
  }
}

export function logSequence(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1))
}

export function invertedSequence(key: string): number {
  return sequenceMax - Number(key.slice(key.lastIndexOf('/') + 1))
}

/** Makes a name a key segment that differs also where the file system ignores case. */
export function escapeName(name: string): string {
  let escaped = ''
  for (const byte of new TextEncoder().encode(name)) {
    const plain = (byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57) || byte === 45 || byte === 95
    escaped += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return escaped
}

export function unescapeName(segment: string): string {
  const bytes: number[] = []
  for (let i = 0; i < segment.length; i++) {
    if (segment[i] === '%') {
      bytes.push(parseInt(segment.slice(i + 1, i + 3), 16))
      i += 2
    } else {
      bytes.push(segment.charCodeAt(i))
    }
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

/** How a version is written for users: its branch and its sequence number. */
export function formatVersionName(seq: number, branch = mainBranch): string {
  return `${branch}@${seq}`
}

/** @throws QuiverError INVALID_ARGUMENT */
export function parseVersionName(version: string): number {
  const match = /^main@(\d{1,16})$/.exec(version)
  if (!match) {
    throw new QuiverError('INVALID_ARGUMENT', `'${version}' is not a version. Versions look like main@12; log() lists them.`, {
      details: { version },
    })
  }
  return Number(match[1])
}

function digits(seq: number): string {
  return String(seq).padStart(sequenceDigits, '0')
}
