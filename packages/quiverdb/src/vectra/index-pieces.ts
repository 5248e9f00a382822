import type { IndexPieces } from './codecs/index-codec.js'
import type { ItemChanges } from './item-changes.js'
import type { ItemPlace, ItemTable } from './item-table.js'
import { concatBytes } from './storage/bytes.js'
import type { FilePiece, KeptRange } from './storage/file-storage.js'
import type { IndexItem } from './types.js'

/** New bytes that are handed on at once. */
const blockBytes = 1024 ** 2

/** An index file as it shall be: ranges of the present one, where nothing changed, and new bytes. */
export class IndexLayout {
  /** Where each item will be, in the order of the table with the changes; complete when all pieces were taken. */
  readonly places: ItemPlace[] = []
  readonly #codec: IndexPieces
  readonly #table: ItemTable
  readonly #changes: ItemChanges | undefined

  /** @param changes What will be done with the table. */
  constructor(codec: IndexPieces, table: ItemTable, changes?: ItemChanges) {
    this.#codec = codec
    this.#table = table
    this.#changes = changes
  }

  /** The new contents. They can be taken once. */
  pieces(): Generator<FilePiece, void, undefined> {
    return gathered(this.#layOut())
  }

  *#layOut(): Generator<FilePiece, void, undefined> {
    const { separator, tail } = this.#codec
    const head = this.#codec.head(this.#table.head)
    yield head
    let at = head.length
    for (const { item, place } of this.#items()) {
      if (this.places.length) {
        yield separator
        at += separator.length
      }
      const piece = place ?? this.#codec.item(item)
      const start = at
      at += lengthOf(piece)
      this.places.push({ start, end: at })
      yield piece
    }
    yield tail
  }

  /** The items as they will be; without a place where they are not in the file yet. */
  *#items(): Generator<{ readonly item: IndexItem; readonly place?: ItemPlace }, void, undefined> {
    const changes = this.#changes
    for (const row of this.#table) {
      const change = changes?.changeOf(row.item)
      if (!change) yield row
      else if (change.item && !change.atEnd) yield { item: change.item }
    }
    for (const [, { item, atEnd }] of changes ?? []) if (item && atEnd) yield { item }
  }
}

const lengthOf = (piece: FilePiece): number => (piece instanceof Uint8Array ? piece.length : piece.end - piece.start)

/** The same contents in fewer pieces: bytes are joined, and so are ranges that have but their separator between them. */
function* gathered(pieces: Iterable<FilePiece>): Generator<FilePiece, void, undefined> {
  let kept: KeptRange | undefined
  let fresh: Uint8Array[] = []
  let freshBytes = 0
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      fresh.push(piece)
      freshBytes += piece.length
      if (freshBytes < blockBytes) continue
    } else if (kept && fresh.length === 1 && kept.end + freshBytes === piece.start) {
      kept = { start: kept.start, end: piece.end }
      fresh = []
      freshBytes = 0
      continue
    }
    if (kept) yield kept
    if (freshBytes) yield concatBytes(fresh)
    kept = piece instanceof Uint8Array ? undefined : piece
    fresh = []
    freshBytes = 0
  }
  if (kept) yield kept
  if (freshBytes) yield concatBytes(fresh)
}
