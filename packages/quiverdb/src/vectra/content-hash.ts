import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { MetadataTypes } from './types.js'

/**
 * By what an index knows a document that it has already: SHA-256, in hexadecimal, of its text, type and metadata. It is that of Vectra, so an
 * index that either has written is not embedded anew by the other.
 *
 * @param docType as the caller gave it; none is like an empty one
 * @param metadata in any order of its keys; none is like an empty one
 */
export function computeContentHash(text: string, docType?: string, metadata?: Record<string, MetadataTypes>): string {
  const hash = sha256.create()
  for (const part of [text, '\0', docType ?? '', '\0', canonicalJson(metadata ?? {})]) hash.update(utf8ToBytes(part))
  return bytesToHex(hash.digest())
}

function canonicalJson(metadata: Record<string, MetadataTypes>): string {
  const members = Object.keys(metadata)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`)
  return `{${members.join(',')}}`
}
