import * as v from 'valibot'
import type { Containers, Section } from '../format/container.js'
import { FieldIndex } from '../filter/fields/field-index.js'
import { FieldIndexBuilder } from '../filter/fields/field-index-builder.js'
import { FieldPath } from '../filter/places.js'
import type { Analyser } from '../text/analyser.js'
import { GrowingTextIndex } from '../text/growing-text-index.js'
import { SealedTextIndex } from '../text/text-index.js'
import { PartFile, type PartSource } from './part-file.js'
import type { RowAddress } from './row-encoder.js'

const textDefinition = v.object({ field: v.string(), analyser: v.string() })
type TextDefinition = v.InferOutput<typeof textDefinition>
const fieldPartMeta = v.looseObject({ rows: v.number(), paths: v.array(v.string()), texts: v.optional(v.array(textDefinition)) })

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

  get texts(): readonly TextDefinition[] {
    return this.#parsed().texts ?? []
  }

  /** A new view on the index of a path, which reads the sections that it is asked for; undefined where the part has none. */
  index(path: string): FieldIndex | undefined {
    const place = this.paths.indexOf(path)
    if (place < 0) return undefined
    return new FieldIndex(this.rows, {
      has: (name) => this.file.has(pathSection(place, name)),
      read: (name) => this.file.readSection(pathSection(place, name)),
    })
  }

  /** What the whole index of a path takes. */
  sizeBytes(path: string): number {
    return this.#sizeOf(pathSection(this.paths.indexOf(path), ''))
  }

  /** The same for the text index of a field by an analyser. */
  textIndex(text: TextDefinition): { readonly index: SealedTextIndex; readonly sizeBytes: number } | undefined {
    const place = this.texts.findIndex(({ field, analyser }) => field === text.field && analyser === text.analyser)
    if (place < 0) return undefined
    const index = new SealedTextIndex(this.rows, {
      has: (name) => this.file.has(textSection(place, name)),
      read: (name) => this.file.readSection(textSection(place, name)),
    })
    return { index, sizeBytes: this.#sizeOf(textSection(place, '')) }
  }

  #sizeOf(prefix: string): number {
    let bytes = 0
    for (const [name, { length }] of this.file.directory().sections) if (name.startsWith(prefix)) bytes += length
    return bytes
  }

  #parsed(): v.InferOutput<typeof fieldPartMeta> {
    return (this.#meta ??= v.parse(fieldPartMeta, this.file.meta))
  }
}

/** What a field part is to hold. */
export interface IndexedFields {
  readonly paths: readonly string[]
  readonly texts: readonly { readonly field: string; readonly analyser: Analyser }[]
}

/** The sections of indexes, in the order of what they are of. */
interface FieldSections {
  readonly paths: readonly (readonly Section[])[]
  readonly texts: readonly (readonly Section[])[]
}

/** Seals the indexes of some fields over rows in their order. */
export function encodeFieldPart(containers: Containers, rows: readonly RowAddress[], fields: IndexedFields): Uint8Array[] {
  const { paths } = fields
  const texts = fields.texts.map(({ field, analyser }) => ({ field, analyser: analyser.name }))
  const meta = { rows: rows.length, paths, ...(texts.length > 0 && { texts }) }
  return containers.encode('fields', meta, fieldSections(indexRows(rows, fields)))
}

/** The sections of a part with these indexes. */
export function fieldSections({ paths, texts }: FieldSections): Section[] {
  return [
    ...paths.flatMap((index, place) => index.map(({ name, bytes }) => ({ name: pathSection(place, name), bytes }))),
    ...texts.flatMap((index, place) => index.map(({ name, bytes }) => ({ name: textSection(place, name), bytes }))),
  ]
}

/** The sections of an index for each of the fields. */
export function indexRows(rows: readonly RowAddress[], { paths, texts }: IndexedFields): FieldSections {
  const values = paths.map((path) => ({ builder: new FieldIndexBuilder(), places: new FieldPath(path) }))
  const words = texts.map(({ field, analyser }) => ({ builder: new GrowingTextIndex(analyser), places: new FieldPath(field) }))
  const builders = [...values, ...words]
  for (const { set, slot } of rows) {
    const fields: unknown = JSON.parse(set.fieldsText(slot))
    for (const { builder, places } of builders) builder.add(places.placesIn(fields))
  }
  return { paths: values.map(({ builder }) => builder.finish()), texts: words.map(({ builder }) => builder.finish()) }
}

function pathSection(place: number, name: string): string {
  return `f${place}.${name}`
}

function textSection(place: number, name: string): string {
  return `t${place}.${name}`
}
