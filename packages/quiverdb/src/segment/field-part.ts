import * as v from 'valibot'
import type { Containers, Section } from '../format/container.js'
import { FieldIndex } from '../filter/fields/field-index.js'
import { FieldIndexBuilder } from '../filter/fields/field-index-builder.js'
import { FieldPath } from '../filter/places.js'
import { PartFile, type PartSource } from './part-file.js'
import type { RowAddress } from './row-encoder.js'

const fieldPartMeta = v.looseObject({ rows: v.number(), paths: v.array(v.string()) })

/** The field indexes of one row part in one object (`docs/FORMAT.md`, "Field part"). Row i of each is slot i of the row part. */
export class FieldPart {
  readonly key: string
  readonly file: PartFile
  #meta: v.InferOutput<typeof fieldPartMeta> | undefined

  constructor(source: PartSource, containers: Containers, key: string) {
    this.file = new PartFile(source, containers, key, 'fields')
    this.key = key
  }

  get rows(): number {
    return this.#parsed().rows
  }

  get paths(): readonly string[] {
    return this.#parsed().paths
  }

  /** A new view on the index of a path, which reads the sections that it is asked for; undefined where the part has none. */
  index(path: string): FieldIndex | undefined {
    const place = this.paths.indexOf(path)
    if (place < 0) return undefined
    return new FieldIndex(this.rows, {
      has: (name) => this.file.has(sectionName(place, name)),
      read: (name) => this.file.readSection(sectionName(place, name)),
    })
  }

  /** What the whole index of a path takes. */
  sizeBytes(path: string): number {
    const prefix = sectionName(this.paths.indexOf(path), '')
    let bytes = 0
    for (const [name, { length }] of this.file.directory().sections) if (name.startsWith(prefix)) bytes += length
    return bytes
  }

  #parsed(): v.InferOutput<typeof fieldPartMeta> {
    return (this.#meta ??= v.parse(fieldPartMeta, this.file.meta))
  }
}

/** Seals the indexes of some paths over rows in their order. */
export function encodeFieldPart(containers: Containers, rows: readonly RowAddress[], paths: readonly string[]): Uint8Array[] {
  return containers.encode('fields', { rows: rows.length, paths }, fieldSections(indexRows(rows, paths)))
}

/** The sections of a part with these indexes. */
export function fieldSections(indexes: readonly (readonly Section[])[]): Section[] {
  return indexes.flatMap((index, place) => index.map(({ name, bytes }) => ({ name: sectionName(place, name), bytes })))
}

/** The sections of an index for each of the paths. */
export function indexRows(rows: readonly RowAddress[], paths: readonly string[]): Section[][] {
  const indexes = paths.map((path) => ({ builder: new FieldIndexBuilder(), places: new FieldPath(path) }))
  for (const { set, slot } of rows) {
    const fields: unknown = JSON.parse(set.fieldsText(slot))
    for (const { builder, places } of indexes) builder.add(places.placesIn(fields))
  }
  return indexes.map(({ builder }) => builder.finish())
}

function sectionName(place: number, name: string): string {
  return `f${place}.${name}`
}
