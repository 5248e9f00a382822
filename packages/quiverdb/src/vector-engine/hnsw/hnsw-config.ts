import { graphPresets } from '../../vector/graph-image.js'
import { engineMetric } from '../engine-metric.js'
import { VectorError } from '../errors.js'
import type { DistanceMetric } from '../types.js'

export type HNSWOptions = Partial<
  Pick<HNSWConfig, 'm' | 'm0' | 'efConstruction' | 'efSearch' | 'recall' | 'sparsityThreshold' | 'maxNodes' | 'distanceMetric'>
>

const maxNodesDefault = 10_000_000

/**
 * How a graph is built and searched. Immutable: each `with` gives another.
 *
 * @example
 * ```ts
 * const [index, keys] = engine.buildHnswIndex(HNSWConfig.highRecall().withDistanceMetric('euclidean'))
 * ```
 */
export class HNSWConfig {
  /** Links that a vector gets on each level, 2 to 128. Default: 16. */
  readonly m: number
  /** The most links on the lowest level, `m` to 256. Default: twice `m`. */
  readonly m0: number
  /** Candidates while inserting, 1 to 512. Default: 200. */
  readonly efConstruction: number
  /** Candidates while searching, at least: more find more. Default: 50. */
  readonly efSearch: number
  /**
   * The share of the nearest that searches are to find, above 0 and below 1: more candidates than `efSearch` are kept where the graph was seen to
   * need them. Undefined: exactly `efSearch` are. Default: 0.95, or, where an `efSearch` is given without it, undefined.
   */
  readonly recall: number | undefined
  /** From this share of zeros on, `insertAuto` gives a vector back as a sparse one. Default: 0.5. */
  readonly sparsityThreshold: number
  /** The most vectors; 0: as many as memory holds. Default: 10,000,000. */
  readonly maxNodes: number
  /** Default: `cosine`. */
  readonly distanceMetric: DistanceMetric

  /** @throws VectorError ConfigurationError */
  constructor(options: HNSWOptions = {}) {
    this.m = options.m ?? graphPresets.default.m
    this.m0 = options.m0 ?? 2 * this.m
    this.efConstruction = options.efConstruction ?? graphPresets.default.efConstruction
    this.efSearch = options.efSearch ?? graphPresets.default.efSearch
    this.recall = options.recall ?? (options.efSearch === undefined ? graphPresets.default.recall : undefined)
    this.sparsityThreshold = options.sparsityThreshold ?? 0.5
    this.maxNodes = options.maxNodes ?? maxNodesDefault
    this.distanceMetric = options.distanceMetric ?? 'cosine'
    checkRange('m', this.m, 2, 128)
    checkRange('m0', this.m0, this.m, 256)
    checkRange('ef_construction', this.efConstruction, 1, 512)
    checkRange('ef_search', this.efSearch, 1, Number.MAX_SAFE_INTEGER)
    checkRange('max_nodes', this.maxNodes, 0, Number.MAX_SAFE_INTEGER)
    if (this.recall !== undefined && !(this.recall > 0 && this.recall < 1)) {
      throw VectorError.configuration('recall must be above 0 and below 1')
    }
    if (!(this.sparsityThreshold >= 0 && this.sparsityThreshold <= 1)) {
      throw VectorError.configuration('sparsity_threshold must be between 0.0 and 1.0')
    }
    engineMetric(this.distanceMetric)
  }

  /** The share of vectors thins out by `m` from level to level: levels are drawn with this multiplier, 1 / ln(m). */
  get ml(): number {
    return 1 / Math.log(this.m)
  }

  static default(): HNSWConfig {
    return new HNSWConfig()
  }

  /** Accuracy over speed: m 32, m0 64, efConstruction 400, efSearch 200, recall 0.99. */
  static highRecall(): HNSWConfig {
    return new HNSWConfig(graphPresets.highRecall)
  }

  /** Speed over accuracy: m 8, m0 16, efConstruction 100, efSearch 20, recall 0.85. */
  static highSpeed(): HNSWConfig {
    return new HNSWConfig(graphPresets.highSpeed)
  }

  withDistanceMetric(distanceMetric: DistanceMetric): HNSWConfig {
    return new HNSWConfig({ ...this, distanceMetric })
  }

  /** Exactly so many candidates, whatever recall they give. */
  withEfSearch(efSearch: number): HNSWConfig {
    return new HNSWConfig({ ...this, efSearch, recall: undefined })
  }

  /** More candidates than `efSearch` where they are needed to find this share of the nearest. */
  withRecall(recall: number): HNSWConfig {
    return new HNSWConfig({ ...this, recall })
  }

  withMaxNodes(maxNodes: number): HNSWConfig {
    return new HNSWConfig({ ...this, maxNodes })
  }

  withSparsityThreshold(sparsityThreshold: number): HNSWConfig {
    return new HNSWConfig({ ...this, sparsityThreshold })
  }
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw VectorError.configuration(`${field} must be a whole number from ${least} to ${most}`)
}
