import type { Metric } from './metric.js'

/** Below this many vectors codes of any centre are good enough. */
const vectorsMin = 8
/** What float64 sums and a float32 centre leave of a squared mean, at most. */
const roundingShare = 1e-12

/**
 * The mean and spread, in graph space, of vectors that come and go. Codes are of the difference from a centre: when the mean leaves it, they
 * spend their steps on what all vectors have in common.
 */
export class GraphDrift {
  readonly #metric: Metric
  readonly #sums: Float64Array
  #squares = 0
  #norm2Max = 0
  #count = 0

  constructor(dimensions: number, metric: Metric) {
    this.#metric = metric
    this.#sums = new Float64Array(dimensions)
  }

  /** The greatest norm of all vectors that ever came. */
  get normMax(): number {
    return Math.sqrt(this.#norm2Max)
  }

  add(vector: Float32Array): void {
    this.#count++
    this.#sum(vector, 1)
  }

  remove(vector: Float32Array): void {
    this.#count--
    this.#sum(vector, -1)
    if (this.#count) return
    this.#sums.fill(0)
    this.#squares = 0
  }

  /** How far the mean is from a centre, as a share of the spread: the root mean square distance from the mean. 0 while that says nothing. */
  from(centre: Float32Array): number {
    const count = this.#count
    if (count < vectorsMin) return 0
    let shift2 = 0
    let mean2 = 0
    for (let i = 0; i < centre.length; i++) {
      const mean = this.#sums[i]! / count
      mean2 += mean * mean
      shift2 += (mean - centre[i]!) ** 2
    }
    // What rounding makes of equal vectors is neither a shift nor a spread.
    const rounding = roundingShare * mean2
    return shift2 > rounding ? Math.sqrt(shift2 / Math.max(rounding, this.#squares / count - mean2)) : 0
  }

  /** The mean; zeros where it is not finite. */
  mean(): Float32Array<ArrayBuffer> {
    const mean = Float32Array.from(this.#sums, (sum) => sum / Math.max(1, this.#count))
    return mean.every(Number.isFinite) ? mean : new Float32Array(mean.length)
  }

  #sum(vector: Float32Array, sign: number): void {
    let norm2 = 0
    for (let i = 0; i < vector.length; i++) norm2 += vector[i]! * vector[i]!
    const factor = this.#metric !== 'cosine' ? 1 : norm2 > 0 ? 1 / Math.sqrt(norm2) : 0
    for (let i = 0; i < vector.length; i++) this.#sums[i]! += sign * factor * vector[i]!
    this.#norm2Max = Math.max(this.#norm2Max, norm2)
    this.#squares += sign * factor * factor * norm2
  }
}
