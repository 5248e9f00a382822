import type { IndexPieces } from './codecs/index-codec.js'
import type { ItemChanges } from './item-changes.js'
import type { ItemRow, ItemTable } from './item-table.js'
import type { FilePiece } from './storage/file-storage.js'
import { concatBytes } from './storage/bytes.js'

/** New bytes that are handed on at once. */
const blockBytes = 1024 ** 2

interface IndexState {
  readonly table: ItemTable
  /** What is not in the file yet. */
  readonly changes: ItemChanges | undefined
  /** Length of what stands before the items in the present file; undefined when its pieces are not known, and all is written anew. */
  readonly headBytes: number | undefined
}

export interface IndexLayout {
  readonly headBytes: number
  /** The file's new contents. As they are taken, table and changes learn how long their items are in it. */
  pieces(): Generator<FilePiece, void, undefined>
}

/** An index file as ranges of the present one, where nothing changed, and new bytes. */
export function indexPieces(codec: IndexPieces, state: IndexState): IndexLayout {
  const head = codec.head(state.table.head)
  return {
    headBytes: head.length,
    pieces: () => gathered(layOut(codec, head, state)),
  }
}

function* layOut(codec: IndexPieces, head: Uint8Array, state: IndexState): Generator<FilePiece, void, undefined> {
  const { table, changes, headBytes } = state
  const { separator } = codec
  yield head
  let isFirst = true
  const encoded = function* (target: { bytes: number }, item: ItemRow['item']) {
    const bytes = codec.item(item)
    target.bytes = bytes.length
    yield* isFirst ? [bytes] : [separator, bytes]
    isFirst = false
  }
  let end = headBytes ?? 0
  for (const row of table) {
    const { item, bytes } = row
    const change = table.get(item.id) === item ? changes?.changeOf(item.id) : undefined
    const start = end
    end += bytes + separator.length
    if (change) {
      if (change.item && !change.atEnd) yield* encoded(change, change.item)
    } else if (headBytes === undefined) yield* encoded(row, item)
    else {
      if (!isFirst) yield separator
      isFirst = false
      yield { start, end: start + bytes }
    }
  }
  for (const [, change] of changes ?? []) if (change.item && change.atEnd) yield* encoded(change, change.item)
  yield codec.tail
}

/** The same contents in fewer pieces: neighbours are joined, and so are ranges with nothing but what the file has between them. */
function* gathered(pieces: Iterable<FilePiece>): Generator<FilePiece, void, undefined> {
  let kept: { start: number; end: number } | undefined
  let fresh: Uint8Array[] = []
  let freshBytes = 0
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      fresh.push(piece)
      freshBytes += piece.length
      if (freshBytes < blockBytes) continue
    } else if (kept && fresh.length <= 1 && kept.end + freshBytes === piece.start) {
      // What lies between them is the separator.
      kept.end = piece.end
      fresh = []
      freshBytes = 0
      continue
    }
    if (kept) yield kept
    kept = undefined
    if (freshBytes) yield concatBytes(fresh)
    fresh = []
    freshBytes = 0
    if (!(piece instanceof Uint8Array)) kept = { ...piece }
  }
  if (kept) yield kept
  if (freshBytes) yield concatBytes(fresh)
}
