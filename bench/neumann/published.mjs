// The tables of Neumann's vector engine as its reference prints them, on a machine that it does not name.

/** @type {readonly { preset: string, options: import('quiverdb').HnswIndexOptions, bytesPerNode: number, recall: number, searchMs: number }[]} */
export const presets = [
  {
    preset: 'high_speed',
    options: { m: 8, m0: 16, efConstruction: 100, efSearch: 20 },
    bytesPerNode: 128,
    recall: 0.85,
    searchMs: 0.1,
  },
  {
    preset: 'default',
    options: { m: 16, m0: 32, efConstruction: 200, efSearch: 50 },
    bytesPerNode: 256,
    recall: 0.95,
    searchMs: 0.3,
  },
  {
    preset: 'high_recall',
    options: { m: 32, m0: 64, efConstruction: 400, efSearch: 200 },
    bytesPerNode: 512,
    recall: 0.99,
    searchMs: 1,
  },
]

export const sizes = [
  { rows: 200, bruteForceMs: 4170, hnswMs: 0.0093, speedup: '448,000x' },
  { rows: 1_000, bruteForceMs: 5, hnswMs: 0.02, speedup: '250x' },
  { rows: 10_000, bruteForceMs: 50, hnswMs: 0.05, speedup: '1000x' },
  { rows: 100_000, bruteForceMs: 500, hnswMs: 0.1, speedup: '5000x' },
]

export const simdGains = [
  { dimensions: 8, gain: '1x' },
  { dimensions: 64, gain: '4-6x' },
  { dimensions: 384, gain: '6-8x' },
  { dimensions: 768, gain: '6-8x' },
  { dimensions: 1536, gain: '6-8x' },
  { dimensions: 3072, gain: '6-8x' },
]
