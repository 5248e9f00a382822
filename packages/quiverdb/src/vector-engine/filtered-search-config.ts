import { VectorError } from './errors.js'

/** `preFilter`: filter first, then search the survivors exactly; `postFilter`: search first, then filter; `auto`: by an estimate of how many match. */
export type FilterStrategy = 'auto' | 'preFilter' | 'postFilter'

export interface FilteredSearchOptions {
  /** Default: `auto`. */
  readonly strategy?: FilterStrategy
  /** Below this share of matches `auto` filters first, 0 to 1. Default: 0.1. */
  readonly selectivityThreshold?: number
  /** Post-filtering first looks at this many times k. Default: 3. */
  readonly oversampleFactor?: number
}

/**
 * How a filtered search goes about it. The answer does not depend on it: whenever k vectors match, k are returned.
 *
 * @example
 * ```ts
 * engine.searchSimilarFiltered(query, 10, filter, FilteredSearchConfig.postFilter().withOversample(5))
 * ```
 */
export class FilteredSearchConfig {
  readonly strategy: FilterStrategy
  readonly selectivityThreshold: number
  readonly oversampleFactor: number

  /** @throws VectorError ConfigurationError */
  constructor(options: FilteredSearchOptions = {}) {
    this.strategy = options.strategy ?? 'auto'
    this.selectivityThreshold = options.selectivityThreshold ?? 0.1
    this.oversampleFactor = options.oversampleFactor ?? 3
    if (!(this.selectivityThreshold >= 0 && this.selectivityThreshold <= 1)) {
      throw VectorError.configuration('selectivity_threshold must be between 0.0 and 1.0')
    }
    if (!(this.oversampleFactor > 0)) throw VectorError.configuration('oversample_factor must be greater than 0')
  }

  static default(): FilteredSearchConfig {
    return new FilteredSearchConfig()
  }

  static preFilter(): FilteredSearchConfig {
    return new FilteredSearchConfig({ strategy: 'preFilter' })
  }

  static postFilter(): FilteredSearchConfig {
    return new FilteredSearchConfig({ strategy: 'postFilter' })
  }

  withOversample(oversampleFactor: number): FilteredSearchConfig {
    return new FilteredSearchConfig({ ...this, oversampleFactor })
  }

  withSelectivityThreshold(selectivityThreshold: number): FilteredSearchConfig {
    return new FilteredSearchConfig({ ...this, selectivityThreshold })
  }
}
