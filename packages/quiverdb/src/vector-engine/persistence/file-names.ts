import type { Checksum } from '../../format/container.js'
import { escapeName } from '../../history/keys.js'
import { DEFAULT_COLLECTION, type PersistentVectorIndex } from '../types.js'

export const jsonExtension = '.json'

/** File systems take 255 bytes; this leaves room for the extension and for unfinished files. */
const nameLengthMax = 180
const prefixLength = 140
/** Windows takes these for devices, whatever their extension. */
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)$/

/**
 * The file of a collection in a folder: its name where that is plain, else escaped, so that no name leads out of the folder and no two
 * names meet, whatever the file system makes of upper case. The embeddings without a collection have `default.json`.
 */
export function indexFileName(index: PersistentVectorIndex, checksum: Checksum): string {
  if (index.isDefault) return DEFAULT_COLLECTION + jsonExtension
  const escaped = escapeName(index.collection)
  // Text that UTF-8 cannot hold is replaced by escaping, which could make two names one.
  if (escaped.length > nameLengthMax || !index.collection.isWellFormed()) {
    const sum = checksum(new TextEncoder().encode(JSON.stringify(index.collection))).toString(16)
    return `${escaped.slice(0, prefixLength)}~${sum}${jsonExtension}`
  }
  const taken = escaped === DEFAULT_COLLECTION || escaped === '' || deviceName.test(escaped)
  return `${taken ? '~' : ''}${escaped}${jsonExtension}`
}
