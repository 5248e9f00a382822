import type { DocumentCatalog } from './codecs/index-codec.js'

/** Which documents an index has: the operations on what its catalog file holds. */
export const emptyCatalog = (): DocumentCatalog => ({ version: 1, count: 0, uriToId: {}, idToUri: {} })

export const copyOfCatalog = (catalog: DocumentCatalog): DocumentCatalog => ({
  ...catalog,
  uriToId: structuredClone(catalog.uriToId),
  idToUri: structuredClone(catalog.idToUri),
  ...(catalog.uriToHash && { uriToHash: structuredClone(catalog.uriToHash) }),
})

/** An entry that was made, not one that every object has. */
export function entryOf(map: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined
}

export function addToCatalog(catalog: DocumentCatalog, uri: string, id: string, hash: string): void {
  if (entryOf(catalog.uriToId, uri) === undefined) catalog.count++
  setEntry(catalog.uriToId, uri, id)
  setEntry(catalog.idToUri, id, uri)
  catalog.uriToHash ??= {}
  setEntry(catalog.uriToHash, uri, hash)
}

export function removeFromCatalog(catalog: DocumentCatalog, uri: string, id: string): void {
  delete catalog.uriToId[uri]
  delete catalog.idToUri[id]
  if (catalog.uriToHash) delete catalog.uriToHash[uri]
  catalog.count--
}

function setEntry(map: Record<string, string>, key: string, value: string): void {
  // An assignment would not do for `__proto__`.
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}
