import { sketchGroupRows } from '@quiverdb/kernel'
import { blockLayout } from './block-layout.js'
import type { GraphParameters } from './graph-image.js'
import { effortFor, evaluationsAt, type RecallCurve } from './recall-curve.js'
import { graphRowKind, rowLayout } from './row-layout.js'

/** The recall at which rows and blocks are compared. */
const comparedRecall = 0.95
const comparedK = 10
/** A byte of a block costs as much time as so many of a row: each is read once, but blocks ask for more work. */
const blockByteCost = 1.7

/** Whether blocks reach a recall with less work than rows. With few dimensions signs say little. */
export function blocksPay(parameters: GraphParameters, rows: RecallCurve, blocks: RecallCurve): boolean {
  const { dimensions, m0, codes } = parameters
  const evaluations = (curve: RecallCurve): number => evaluationsAt(curve, effortFor(curve, comparedK, comparedRecall))
  const perBlock = sketchGroupRows * Math.ceil(m0 / sketchGroupRows)
  const blockBytes = (evaluations(blocks) / perBlock) * blockLayout(dimensions, m0).stride
  return blockBytes * blockByteCost < evaluations(rows) * rowLayout(dimensions, graphRowKind(codes)).stride
}
