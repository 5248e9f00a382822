/**
 * The synthetic sets, each for a question of its own.
 *
 * @typedef {import('./latent-set.mjs').Recipe & { rows: number, queries: number, copies?: number }} SyntheticSet `copies`: so many of the
 *   rows, spread evenly, are one and the same vector
 */

/** Topics of very unequal size, few real dimensions, a direction that all share, and noise: the shape of text embeddings. */
const text = { centres: 1_000, weightPower: -0.5, clusterSigma: 0.55, meanSigma: 0.8, noiseSigma: 0.35 }
/** Tight clusters: a graph whose links all stay inside one is in pieces. */
const clusters = { seed: 20240609, dimensions: 128, rows: 50_000, queries: 1_000, centres: 100, clusterSigma: 0.15 }

/** @type {Record<string, SyntheticSet>} */
export const recipes = {
  synthetic: { seed: 20240607, dimensions: 768, rows: 100_000, queries: 1_000, latentDimensions: 48, ...text },
  /** No clusters and many real dimensions: neighbours are hardly nearer than others, which is the worst that embeddings come to. */
  hard: { seed: 20240608, dimensions: 768, rows: 50_000, queries: 1_000, latentDimensions: 192, noiseSigma: 0.15 },
  clusters,
  /** One vector ten thousand times, in the same clusters: its copies have no link left for others. */
  duplicates: { ...clusters, copies: 10_000 },
  /** For the cost against the number of vectors. */
  scale: { seed: 20240610, dimensions: 128, rows: 2_000_000, queries: 1_000, latentDimensions: 32, ...text },
}
