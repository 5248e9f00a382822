/** A section of a part that is read from its start on, a piece at a time, into memory of the caller, and verified with the last piece. */
export class SectionPieces {
  readonly #read: (start: number, piece: Uint8Array) => void
  readonly #verify: (piece: Uint8Array) => boolean
  readonly #pieceBytes: number
  #readBytes = 0

  /** `verify` takes each piece and returns whether it was the last. */
  constructor(read: (start: number, piece: Uint8Array) => void, verify: (piece: Uint8Array) => boolean, pieceBytes: number) {
    this.#read = read
    this.#verify = verify
    this.#pieceBytes = pieceBytes
  }

  /** So many bytes of it are there. */
  get readBytes(): number {
    return this.#readBytes
  }

  /** Reads the next piece into memory that has room for the whole section. Returns true when all is there. @throws QuiverError CORRUPT, NOT_FOUND */
  advance(section: Uint8Array): boolean {
    const piece = section.subarray(this.#readBytes, this.#readBytes + this.#pieceBytes)
    this.#read(this.#readBytes, piece)
    this.#readBytes += piece.byteLength
    return this.#verify(piece)
  }
}
