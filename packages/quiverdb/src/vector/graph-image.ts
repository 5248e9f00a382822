import { QuiverError } from '../errors.js'
import { blockLayout, rerankLayout } from './block-layout.js'
import type { Metric } from './metric.js'
import type { KeptCurve } from './recall-curve.js'
import { type CodesKind, graphRowKind, rowLayout } from './row-layout.js'

/**
 * What a graph keeps in memory, from most to least. `speed`: blocks, each a node's row with the one-bit codes of its neighbours, scored 32 at a
 * time. `balanced`: rows and links, and 16-bit codes that choose what is read for exact distances. `memory`: rows and links alone.
 */
export type GraphMode = 'speed' | 'balanced' | 'memory'

export interface GraphParameters {
  readonly dimensions: number
  readonly metric: Metric
  readonly codes: CodesKind
  /** Links that a new node gets on each level, and the most that it keeps on upper ones; 2 to 128. */
  readonly m: number
  /** The most links on level 0; at least m, at most 256. */
  readonly m0: number
  /** Candidates while inserting; 1 to 512. */
  readonly efConstruction: number
  /** Of the draw of levels. */
  readonly seed: number
}

/** As its creator gives them: all but dimensions and metric have defaults. */
export type GraphParametersInput = Pick<GraphParameters, 'dimensions' | 'metric'> &
  Partial<Omit<GraphParameters, 'dimensions' | 'metric'>>

/** What a graph is, as plain JSON. With its sections it is a complete image; all numbers in sections are little-endian. */
export interface GraphHeader extends GraphParameters {
  readonly version: typeof graphVersion
  readonly mode: GraphMode
  readonly nodes: number
  /** Where a descent begins; -1 in an empty graph. */
  readonly entry: number
  readonly maxLevel: number
  /** Greatest norm that the extra coordinate of the dot metric allows for. 0 for other metrics. */
  readonly phi: number
  /** By how much a squared norm exceeds phi squared at most; 0 unless vectors were inserted that are longer than phi. */
  readonly excessMax: number
  readonly stride: number
  readonly upperBytes: number
  /** What searches of it find, where it is large enough to be measured. */
  readonly recall?: KeptCurve
}

/**
 * The sections of an image, hottest first. `links`: m0 node numbers (u32) per node, ended by 0xffffffff; `codes`: rows of `stride` bytes;
 * `blocks`: both of a node and its neighbours' signs, in `blockLayout`; `rerank`: 16-bit codes in `rerankLayout`; `upperOffsets`: u32 per node,
 * where its upper lists begin; `upperLinks`: m node numbers (u32) per level of a node; `levels`: one byte per node; `centre`: float32 per
 * dimension, subtracted before encoding.
 */
export const graphSections = ['links', 'codes', 'blocks', 'rerank', 'upperOffsets', 'upperLinks', 'levels', 'centre'] as const
export type GraphSection = (typeof graphSections)[number]

const commonSections = ['upperOffsets', 'upperLinks', 'levels', 'centre'] as const
const modeSections: Readonly<Record<GraphMode, readonly GraphSection[]>> = {
  speed: ['blocks', ...commonSections],
  balanced: ['links', 'codes', 'rerank', ...commonSections],
  memory: ['links', 'codes', ...commonSections],
}

/** The sections that an image of a mode has. */
export const sectionsOf = (mode: GraphMode): readonly GraphSection[] => modeSections[mode]

export type GraphSections = Readonly<Partial<Record<GraphSection, Uint8Array<ArrayBuffer>>>>

export interface GraphImage {
  readonly header: GraphHeader
  readonly sections: GraphSections
}

/** Bytes of each section, whether a mode has it or not. */
export function sectionBytes(
  header: Pick<GraphHeader, 'nodes' | 'm0' | 'codes' | 'upperBytes' | 'dimensions'>,
): Record<GraphSection, number> {
  const { nodes, m0, codes, upperBytes, dimensions } = header
  return {
    links: 4 * m0 * nodes,
    codes: rowLayout(dimensions, graphRowKind(codes)).stride * nodes,
    blocks: blockLayout(dimensions, m0).stride * nodes,
    rerank: rerankLayout(dimensions).stride * nodes,
    upperOffsets: 4 * nodes,
    upperLinks: upperBytes,
    levels: nodes,
    centre: 4 * dimensions,
  }
}

/** Bytes of memory that a graph of a mode takes for each node at least: its upper levels add a few more. */
export function nodeBytes(parameters: Pick<GraphParameters, 'dimensions' | 'm0' | 'codes'>, mode: GraphMode): number {
  const bytes = sectionBytes({ ...parameters, nodes: 1, upperBytes: 0 })
  return sectionsOf(mode).reduce((sum, name) => sum + (name === 'centre' ? 0 : bytes[name]), 0)
}

/** Graphs of the first version had 8-bit codes of vectors that were not rotated; nothing reads them any more. */
export const graphVersion = 2

/** @throws QuiverError FORMAT_TOO_NEW */
export function checkHeader(header: { readonly version: number }): void {
  if (header.version === graphVersion) return
  const way = header.version < graphVersion ? ' Drop the index and create it again.' : ''
  throw new QuiverError(
    'FORMAT_TOO_NEW',
    `This graph has format ${String(header.version)}; this version of Quiver reads format ${graphVersion}.${way}`,
  )
}

/** Names the effort of a graph. */
export type GraphPresetName = 'default' | 'highRecall' | 'highSpeed'

export interface GraphPreset {
  readonly m: number
  readonly m0: number
  readonly efConstruction: number
  /** The least effort of a search. */
  readonly efSearch: number
  /** Recall at 10 that a search reaches without further ado: more effort is made where a graph was seen to need it. */
  readonly recall: number
}

export const graphPresets: Readonly<Record<GraphPresetName, GraphPreset>> = Object.freeze({
  default: Object.freeze({ m: 16, m0: 32, efConstruction: 200, efSearch: 50, recall: 0.95 }),
  highRecall: Object.freeze({ m: 32, m0: 64, efConstruction: 400, efSearch: 200, recall: 0.99 }),
  highSpeed: Object.freeze({ m: 8, m0: 16, efConstruction: 100, efSearch: 20, recall: 0.85 }),
})

const seedDefault = 0x5eed
const mMax = 128
const efConstructionMax = 512

/** Fills in the defaults: int8 codes, the default preset. @throws QuiverError INVALID_ARGUMENT */
export function graphParameters(
  given: Partial<GraphParameters> & Pick<GraphParameters, 'dimensions' | 'metric'>,
): GraphParameters {
  const { m, m0, efConstruction } = graphPresets.default
  const parameters = { codes: 'int8' as const, m, m0, efConstruction, seed: seedDefault, ...given }
  rowLayout(parameters.dimensions, graphRowKind(parameters.codes))
  checkRange('m', parameters.m, 2, mMax)
  checkRange('m0', parameters.m0, parameters.m, 2 * mMax)
  checkRange('efConstruction', parameters.efConstruction, 1, efConstructionMax)
  return parameters
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new QuiverError('INVALID_ARGUMENT', `${name} must be an integer from ${least} to ${most}, not ${value}.`)
}

export function parametersOf(header: GraphHeader) {
  const { dimensions, metric, codes, m, m0, efConstruction, seed } = header
  return { dimensions, metric, codes, m, m0, efConstruction, seed }
}
