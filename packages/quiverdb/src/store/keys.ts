import { QuiverError } from '../errors.js'

/** Characters of one segment of a key. Folders on case-folding file systems need keys that differ by more than case. */
export const keySegmentLengthMax = 200
/** The first segment under which a folder keeps unfinished files; no key may begin with it. */
export const reservedSegment = '.tmp'

const keyPattern = new RegExp(`^[A-Za-z0-9._%@-]{1,${keySegmentLengthMax}}(/[A-Za-z0-9._%@-]{1,${keySegmentLengthMax}})*$`)
const prefixPattern = /^[A-Za-z0-9._%@/-]*$/
const dotSegment = /(^|\/)\.\.?(\/|$)/

/** @throws QuiverError INVALID_ARGUMENT unless `key` is a key of {@link ObjectStore}. */
export function checkKey(key: string): void {
  if (keyPattern.test(key) && !isReserved(key)) return
  throw invalid(
    `Key ${JSON.stringify(key)} is not valid: segments between "/" are 1 to ${keySegmentLengthMax} characters of A-Z a-z 0-9 . _ % @ -, ` +
      `none is "." or "..", and the first is not "${reservedSegment}".`,
    key,
  )
}

/** @throws QuiverError INVALID_ARGUMENT unless `prefix` is the beginning of some key, or empty. */
export function checkPrefix(prefix: string): void {
  const folders = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (prefixPattern.test(prefix) && !prefix.startsWith('/') && !prefix.includes('//') && !isReserved(folders)) return
  throw invalid(`Prefix ${JSON.stringify(prefix)} is not the beginning of any valid key.`, prefix)
}

/** The folder of a key, without its last `/`; empty at the top. */
export function folderOf(key: string): string {
  const slash = key.lastIndexOf('/')
  return slash < 0 ? '' : key.slice(0, slash)
}

function isReserved(key: string): boolean {
  return dotSegment.test(key) || key === reservedSegment || key.startsWith(`${reservedSegment}/`)
}

function invalid(message: string, key: string): QuiverError {
  return new QuiverError('INVALID_ARGUMENT', message, { details: { key } })
}
