/** Vectors go through the kernel's scratch in pieces of about this size, so that a large batch does not leave a large scratch behind. */
const chunkBytes = 262_144

/** Calls `use` with consecutive pieces of tightly packed vectors and the number of the first vector of each. */
export function eachChunk(vectors: Float32Array, dimensions: number, use: (chunk: Float32Array, first: number) => void): void {
  const rows = chunkBytesMax(dimensions) / (4 * dimensions)
  const count = vectors.length / dimensions
  for (let first = 0; first < count; first += rows) {
    use(vectors.subarray(first * dimensions, Math.min(count, first + rows) * dimensions), first)
  }
}

/** The most bytes that a piece has: whole vectors, at least one. */
export const chunkBytesMax = (dimensions: number): number =>
  4 * dimensions * Math.max(1, Math.floor(chunkBytes / (4 * dimensions)))
