/** Besides its codes a vector has its least value, its scale and its length. */
const headBytes = 16
const levels = 255

/**
 * A vector in 8 bits a number, between its own least and greatest value; off by half a step at most.
 *
 * @example
 * ```ts
 * const quantized = ScalarQuantizedVector.fromDense(Float32Array.of(0, 0, 0, 10))
 * quantized.codes // Uint8Array [0, 0, 0, 255]
 * quantized.toDense() // about [0, 0, 0, 10]
 * ```
 */
export class ScalarQuantizedVector {
  readonly codes: Uint8Array
  readonly min: number
  readonly scale: number

  private constructor(codes: Uint8Array, min: number, scale: number) {
    this.codes = codes
    this.min = min
    this.scale = scale
  }

  static fromDense(vector: Float32Array): ScalarQuantizedVector {
    const min = vector.reduce((least, number) => Math.min(least, number), Infinity)
    const max = vector.reduce((greatest, number) => Math.max(greatest, number), -Infinity)
    const scale = max > min ? (max - min) / levels : 1
    return new ScalarQuantizedVector(
      Uint8Array.from(vector, (number) => Math.round((number - min) / scale)),
      min,
      scale,
    )
  }

  get dimension(): number {
    return this.codes.length
  }

  get memoryBytes(): number {
    return headBytes + this.codes.length
  }

  toDense(): Float32Array {
    return Float32Array.from(this.codes, (code) => code * this.scale + this.min)
  }
}
