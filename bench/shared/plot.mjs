import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import domino from '@mixmark-io/domino'
import * as Plot from '@observablehq/plot'

/**
 * Writes lines over a logarithmic axis as an SVG file.
 *
 * @param {string} file
 * @param {readonly { name: string, points: readonly { x: number, y: number }[] }[]} series
 * @param {{ title: string, x: string, y: string }} labels
 */
export function writeLinePlot(file, series, { title, x, y }) {
  const points = series.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })))
  const svg = Plot.plot({
    document: domino.createWindow('').document,
    ariaLabel: title,
    grid: true,
    marginLeft: 60,
    style: { background: 'white' },
    x: { type: 'log', label: x, tickFormat: '~s' },
    y: { zero: true, label: y },
    color: { domain: series.map(({ name }) => name) },
    marks: [
      Plot.line(points, { x: 'x', y: 'y', stroke: 'name' }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'name' }),
      Plot.text(points, Plot.selectLast({ x: 'x', y: 'y', z: 'name', text: 'name', textAnchor: 'end', dy: -10 })),
    ],
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, svg.outerHTML)
}
