import { angular } from './angular.js'
import { chebyshev } from './chebyshev.js'
import { cosine } from './cosine.js'
import { dot } from './dot.js'
import { euclidean } from './euclidean.js'
import { geodesic } from './geodesic.js'
import { jaccard } from './jaccard.js'
import { manhattan } from './manhattan.js'
import { overlap } from './overlap.js'
import { weightedJaccard } from './weighted-jaccard.js'

/** The measures without parameters, by name; `composite` makes others. */
export const measures = Object.freeze({
  cosine,
  dot,
  euclidean,
  angular,
  geodesic,
  manhattan,
  chebyshev,
  jaccard,
  weightedJaccard,
  overlap,
})
