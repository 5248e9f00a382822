/** Distances that an index can order by. `l2` is the squared Euclidean distance. */
export type Metric = 'cosine' | 'dot' | 'l2'

export const metrics: readonly Metric[] = ['cosine', 'dot', 'l2']
