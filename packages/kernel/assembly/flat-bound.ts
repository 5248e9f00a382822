// What an estimate of a row must reach in an exact scan, so that the row is worth measuring.
//
// The proof, with u = 2^-24: a float32 sum of n products or squares in four chains, each term met by at most t = n/4 + 3 additions, differs from
// the true one by at most t' u / (1 - t' u) times the sum of the terms' magnitudes with t' = t + 3 for the operations within a term (Higham, Accuracy
// and Stability of Numerical Algorithms, 3.1), which is |q||x| for products (Cauchy-Schwarz) and the sum itself for others; what underflows is at most
// 2^-149 a term. `marginTerms` more cover float64's own rounding. Infinities and what is not a number prove nothing.
import { factNonZeros, factNorm2, Flat, FlatQuery, queryBarFirst, queryBarSecond, queryMagnitude, queryNorm2 } from './layout'
import { measureAngular, measureComposite, measureCosine, measureDot, measureWeightedJaccard } from './measure'

const unit: f64 = 5.9604644775390625e-8
const marginTerms: f64 = 16
const underflow: f64 = 1.4012984643248171e-45
/** Of a mark, relative and absolute: it is a float32. */
const markRounding: f64 = 1.2e-7
/** Of two float64 results that should be equal, more than their difference where both are within [-1, 1]. */
const float64Rounding: f64 = 1e-9

// @ts-ignore: decorator
@inline
function termsOf(flat: Flat): f64 {
  return <f64>flat.dimensions / 4 + 6 + marginTerms
}

/** Sets what an estimate must reach, now that the worst of k has this mark. */
export function raiseBar(flat: Flat, query: FlatQuery, mark: f64): void {
  const n = <f64>flat.dimensions, measure = flat.measure, terms = termsOf(flat) * unit, relative = terms / (1 - terms)
  const lost = n * underflow, worst = mark - abs(mark) * markRounding - underflow
  const queryNorm = Math.sqrt(load<f64>(query.numbers, queryNorm2))
  if (measure == measureCosine || measure == measureAngular) {
    store<f64>(query.numbers, -lost, queryBarFirst)
    store<f64>(query.numbers, (worst - relative) * queryNorm, queryBarSecond)
  } else if (measure == measureDot) {
    store<f64>(query.numbers, worst - lost, queryBarFirst)
    store<f64>(query.numbers, -relative * queryNorm, queryBarSecond)
  } else if (measure == measureWeightedJaccard) {
    // With S the sum of all magnitudes and D that of their differences, it is (S - D) / (S + D).
    const share = -((1 - worst) / (1 + worst) + float64Rounding) / (1 - relative)
    store<f64>(query.numbers, share * load<f64>(query.numbers, queryMagnitude) - lost / (1 - relative), queryBarFirst)
    store<f64>(query.numbers, share, queryBarSecond)
  } else if (measure == measureComposite) store<f64>(query.numbers, worst - float64Rounding, queryBarFirst)
  else store<f64>(query.numbers, (worst - lost) / (1 - relative), queryBarFirst)
}

/** The most that a composite can be, for a row of these facts, by an estimate of the dot product. */
export function compositeBound(flat: Flat, query: FlatQuery, facts: usize, estimate: f64): f64 {
  const terms = termsOf(flat) * unit, relative = terms / (1 - terms)
  const query2 = load<f64>(query.numbers, queryNorm2), row2 = load<f64>(facts, factNorm2)
  const norms = Math.sqrt(query2 * row2), dot = estimate + relative * norms + <f64>flat.dimensions * underflow
  const cosine = norms > 0 ? min<f64>(1, dot / norms) : 0
  const squared = (query2 + row2) * (1 - float64Rounding) - 2 * dot, distance = Math.sqrt(max<f64>(0, squared))
  const inQuery = query.nonZeros, inRow = load<i32>(facts, factNonZeros), more = max(inQuery, inRow)
  const structure = more ? <f64>min(inQuery, inRow) / <f64>more : 1
  const ofCosine = load<f64>(flat.weights), ofStructure = load<f64>(flat.weights, 8), ofMagnitude = load<f64>(flat.weights, 16)
  return (ofCosine * ((cosine + 1) / 2) + ofStructure * structure + ofMagnitude / (1 + distance)) / (ofCosine + ofStructure + ofMagnitude)
}
