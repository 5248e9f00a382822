// What docs/FORMAT.md says of the rows of graphs, plainly and in float64.

const rounds = 2

/** The rotation of so many numbers (a multiple of 16). */
export function rotatedReference(numbers: Float64Array): Float64Array {
  const n = numbers.length
  const window = 2 ** Math.floor(Math.log2(n))
  const isMinus = signsOf(n)
  let current = numbers
  for (let round = 0; round < rounds; round++) {
    const flipped = current.map((x, i) => (isMinus[round * n + i] ? -x : x))
    const first = round % 2 ? n - window : 0
    flipped.set(walshHadamard(flipped.subarray(first, first + window)), first)
    current = flipped
  }
  return current
}

/** `numbers` in steps of the greatest magnitude / `codeMax`. */
export function codedReference(numbers: Float64Array, codeMax: number): { codes: Int32Array; scale: number } {
  const scale = numbers.reduce((greatest, x) => Math.max(greatest, Math.abs(x)), 0) / codeMax
  return { codes: Int32Array.from(numbers, (x) => (scale > 0 ? Math.round(x / scale) : 0)), scale }
}

const known = new Map<number, readonly boolean[]>()

function signsOf(n: number): readonly boolean[] {
  const present = known.get(n)
  if (present) return present
  let state = 0x2545f4914f6cdd1dn
  const signs = Array.from({ length: rounds * n }, () => {
    state = BigInt.asUintN(64, state * 0x5851f42d4c957f2dn + 0x14057b7ef767814fn)
    return state >> 63n === 1n
  })
  known.set(n, signs)
  return signs
}

function walshHadamard(numbers: Float64Array): Float64Array {
  const out = numbers.slice()
  for (let half = 1; half < out.length; half *= 2) {
    for (let i = 0; i < out.length; i++) {
      if (i & half) continue
      const [a, b] = [out[i]!, out[i + half]!]
      out[i] = a + b
      out[i + half] = a - b
    }
  }
  return out.map((x) => x / Math.sqrt(out.length))
}
