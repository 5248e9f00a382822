import { v7 as uuidv7 } from 'uuid'
import type { Embedder } from '../embed/embedder.js'
import { QuiverError } from '../errors.js'
import type { Operation, TextDefinition } from '../history/commit.js'
import { formatVersionName, parseVersionName } from '../history/keys.js'
import { whenResident } from '../segment/part-file.js'
import type { CollectionDraft } from './version/draft.js'
import type { IndexState } from './version/index-state.js'
import type { Ledger } from './ledger.js'
import { completedDefinition, dimensionsOf } from './managed/declaration.js'
import {
  checked,
  checkedEmbedder,
  declaredPaths,
  fieldsMax,
  indexDefinition,
  indexesMax,
  deleteWhere,
  sameIndex,
  textDefinitions,
  textsMax,
  updateWhere,
  writeOptions,
} from './options.js'
import { CollectionReader, type View } from './read/reader.js'
import type { Filter } from '../filter/where-types.js'
import { parseWhere } from '../filter/where.js'
import { isByCondition } from './by-condition.js'
import { matchingIds } from './read/list.js'
import { RowFilter } from './read/matches.js'
import { checkBatch, checkedId } from './ids.js'
import { unknownIndex } from './version/vectors.js'
import { unknownText } from './version/texts.js'
import { languageOf } from '../text/analyser.js'
import type { CollectionState, NamespaceState } from './version/state.js'
import type { FieldStatus, Fields, IndexOptions, IndexStatus, RecordInput, VectorInput } from './types.js'
import type { TextOptions, TextStatus } from './text-types.js'
import { fieldStatus, indexStatuses, textStatus } from './status.js'
import {
  checkedChanges,
  checkedPatch,
  deleteMatching,
  deleteRecords,
  type FindIds,
  patchMatching,
  patchRecords,
  putRecords,
  putVectors,
} from './write/write.js'
import * as v from 'valibot'

/** What a declaration takes in a commit, about. */
const declarationBytes = 1_024

/** What a write did: the version that holds it. */
export interface Written {
  readonly version: string
}

export interface WriteOptions {
  signal?: AbortSignal
}

/**
 * Records with fields and vectors. Reads see every write that was acknowledged before them, in this process or another.
 *
 * @example
 * ```ts
 * const papers = await db.collection<Paper>('papers', { indexes: [{ field: 'embedding', dimensions: 768 }] })
 * await papers.upsert([{ id: 'p1', year: 1958, embedding }])
 * const { hits } = await papers.search({ vector: embedding, limit: 10 })
 * ```
 */
export class Collection<T extends object = Fields> extends CollectionReader<T> {
  readonly name: string
  readonly #ledger: Ledger
  readonly #uuid: string

  constructor(ledger: Ledger, uuid: string, name: string) {
    super({
      parts: ledger.parts,
      embedders: ledger.embedders,
      view: () => this.#view(),
      viewNow: () => {
        const state = this.#ledger.currentNow()
        return state && this.#viewOf(state)
      },
    })
    this.#ledger = ledger
    this.#uuid = uuid
    this.name = name
  }

  /**
   * Writes whole records: one that has the id already is replaced. All of them or none; when it resolves they are durable and are found.
   * Of two records with one id in a call, the later wins. Records and their vectors must not change before it resolves.
   * @param records at most 100,000
   * @throws QuiverError INVALID_ID, INVALID_RECORD, INVALID_VECTOR, DIMENSION_MISMATCH, ZERO_VECTOR, LIMIT_EXCEEDED, STORAGE_FULL, ABORTED
   */
  async upsert(records: readonly RecordInput<T>[], options: WriteOptions = {}): Promise<Written & { readonly ids: string[] }> {
    const { signal } = checked(writeOptions, options, 'write options')
    checkBatch(records)
    if (records.length === 0) return { ids: [], version: formatVersionName((await this.#ledger.current()).seq) }
    const { ids, state } = await putRecords(this.#ledger, this.#uuid, this.name, records, signal)
    return { ids, version: versionOf(state) }
  }

  /**
   * Replaces fields of a record, the top-level ones that are named; `undefined` removes one. Vectors and other fields stay as they are;
   * `$vectors` replaces the external vectors that it names, null takes one away.
   * @throws QuiverError NOT_FOUND, and as {@link upsert}
   */
  update(id: string, fields: Partial<RecordInput<T>>, options?: WriteOptions): Promise<Written>
  /** The same for several records, all or none. */
  update(patches: readonly (Partial<RecordInput<T>> & { id: string })[], options?: WriteOptions): Promise<Written>
  /**
   * The same for all records that match when the write is made, at most 100,000, in one commit. Returns how many there were.
   * @throws QuiverError INVALID_FILTER, INVALID_RECORD, LIMIT_EXCEEDED: they do not fit into one commit of 8 MiB, and as {@link upsert}
   */
  update(
    change: { where: Filter; set: Partial<RecordInput<T>> },
    options?: WriteOptions,
  ): Promise<Written & { readonly updated: number }>
  async update(
    idOrPatches: string | readonly (Partial<RecordInput<T>> & { id: string })[] | { where: Filter; set: Partial<RecordInput<T>> },
    fieldsOrOptions?: Partial<RecordInput<T>> | WriteOptions,
    options?: WriteOptions,
  ): Promise<Written> {
    if (isByCondition(idOrPatches)) return this.#updateMatching(idOrPatches, fieldsOrOptions)
    const single = typeof idOrPatches === 'string'
    const { signal } = checked(writeOptions, (single ? options : fieldsOrOptions) ?? {}, 'write options')
    if (!single) checkBatch(idOrPatches)
    const patches = single
      ? [checkedPatch(idOrPatches, fieldsOrOptions)]
      : idOrPatches.map((patch) => checkedPatch(patch?.id, patch))
    return { version: versionOf(await patchRecords(this.#ledger, this.#uuid, this.name, patches, signal)) }
  }

  async #updateMatching(change: unknown, options: unknown = {}): Promise<Written & { readonly updated: number }> {
    const { signal } = checked(writeOptions, options, 'write options')
    const { where, set } = checked(updateWhere, change, 'update')
    const fields = checkedChanges(set)
    const found = await this.#find(where)
    if (found.now === 0) return { updated: 0, version: found.version }
    const { updated, state } = await patchMatching(this.#ledger, this.#uuid, this.name, found.ids, fields, signal)
    return { updated, version: versionOf(state) }
  }

  /** Parses a condition and asks it of the newest version: what is found is remembered for the commit, which asks again. */
  async #find(where: unknown): Promise<{ ids: FindIds; now: number; version: string }> {
    const condition = parseWhere(where)
    const ids: FindIds = (collection) => matchingIds(collection, new RowFilter(condition, collection, this.#ledger.parts))
    const { collection, seq } = await this.#view()
    const now = await whenResident(() => new RowFilter(condition, collection, this.#ledger.parts).count())
    return { ids, now, version: formatVersionName(seq) }
  }

  /**
   * Removes records; ids that are not there are passed over. With `where`, all that match when the write is made, at most 100,000, in one commit.
   * @throws QuiverError INVALID_ID, INVALID_FILTER, LIMIT_EXCEEDED
   */
  async delete(
    ids: string | readonly string[] | { where: Filter },
    options: WriteOptions = {},
  ): Promise<Written & { readonly deleted: number }> {
    const { signal } = checked(writeOptions, options, 'write options')
    if (isByCondition(ids)) {
      const found = await this.#find(checked(deleteWhere, ids, 'delete').where)
      if (found.now === 0) return { deleted: 0, version: found.version }
      const { deleted, state } = await deleteMatching(this.#ledger, this.#uuid, found.ids, signal)
      return { deleted, version: versionOf(state) }
    }
    const list = typeof ids === 'string' ? [ids] : ids
    checkBatch(list)
    list.forEach(checkedId)
    const { deleted, state } = await deleteRecords(this.#ledger, this.#uuid, [...list], signal)
    return { deleted, version: versionOf(state) }
  }

  /**
   * Gives records their vectors in an external index; null takes one away. The records must be there.
   * @throws QuiverError NOT_FOUND, DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR
   */
  async setVectors(
    index: string,
    items: readonly { id: string; vector: VectorInput | null }[],
    options: WriteOptions = {},
  ): Promise<Written> {
    const { signal } = checked(writeOptions, options, 'write options')
    checkBatch(items)
    for (const item of items) checkedId(item?.id)
    return { version: versionOf(await putVectors(this.#ledger, this.#uuid, this.name, index, items, signal)) }
  }

  /**
   * Declares a vector index on what is there and what comes. It answers at once; its graph is built, and the texts of a managed one are embedded, in the
   * background.
   * @throws QuiverError ALREADY_EXISTS, INVALID_ARGUMENT, INVALID_FILTER, LIMIT_EXCEEDED; of a managed index DIMENSION_MISMATCH, and EMBEDDER_FAILED where its
   * embedder had to be asked for its dimensions
   */
  async createIndex(options: IndexOptions): Promise<IndexStatus> {
    const given = indexDefinition(options, uuidv7())
    const definition = given.source === 'managed' ? await completedDefinition(given, options.embedder) : given
    await this.#declare((collection) => {
      const indexes = collection.indexes.map(({ index }) => index.definition)
      if (indexes.some(({ name }) => name === definition.name)) {
        throw new QuiverError('ALREADY_EXISTS', `Collection '${this.name}' has an index '${definition.name}' already.`, {
          details: { index: definition.name },
        })
      }
      if (indexes.length >= indexesMax)
        throw new QuiverError('LIMIT_EXCEEDED', `Collection '${this.name}' has ${indexesMax} indexes, which is the most.`)
      collection.createIndex(definition)
      return { op: 'createIndex', collection: this.#uuid, index: definition }
    })
    if (options.embedder) this.#ledger.embedders.give(this.#uuid, options.embedder)
    return (await this.indexes()).find(({ name }) => name === definition.name)!
  }

  /**
   * Gives managed indexes the embedder that makes their vectors, in this process. One with another id than the index records takes its place for all
   * processes: in the same commit all vectors go, and they are made anew in the background, so that no answer mixes two models.
   *
   * @param index a name, or `'*'` for all managed indexes of the collection
   * @example
   * ```ts
   * const notes = await db.collection('notes') // its managed index 'body' was created before
   * await notes.embedWith('body', openAiEmbedder({ model: 'text-embedding-3-small', apiKey }))
   * ```
   * @throws QuiverError NOT_FOUND, INVALID_ARGUMENT: the index is not managed; EMBEDDER_FAILED: a new embedder was asked for its dimensions
   */
  async embedWith(index: string, embedder: Embedder): Promise<void> {
    const { id } = checkedEmbedder(embedder)
    const indexes = (await this.#view()).collection.indexes.map((state) => state.index)
    const named = indexes.find(({ definition }) => definition.name === index)
    if (!named && index !== '*') throw unknownIndex(index, this.name, indexes)
    if (named && !named.isManaged)
      throw new QuiverError(
        'INVALID_ARGUMENT',
        `Index '${index}' of collection '${this.name}' is not managed: nothing is embedded for it.`,
      )
    for (const { isManaged, definition } of named ? [named] : indexes) {
      if (isManaged && definition.embedder !== id) await this.#changeModel(definition.name, embedder)
    }
    this.#ledger.embedders.give(this.#uuid, embedder)
  }

  /** The vectors of another model are those of another index: it has the name of the one before, and a column of its own. */
  async #changeModel(name: string, embedder: Embedder): Promise<void> {
    const dimensions = await dimensionsOf(embedder)
    await this.#declare((collection) => {
      const before = collection.indexes.find(({ index }) => index.definition.name === name)?.index
      if (!before?.isManaged || before.definition.embedder === embedder.id) return []
      const definition = { ...before.definition, uuid: uuidv7(), embedder: embedder.id, dimensions }
      collection.dropIndex(before.definition.uuid)
      collection.createIndex(definition)
      return [
        { op: 'dropIndex', collection: this.#uuid, index: before.definition.uuid },
        { op: 'createIndex', collection: this.#uuid, index: definition },
      ]
    })
  }

  /** Removes an index; vectors in fields stay in the records, those of an external index are gone. @throws QuiverError NOT_FOUND */
  async dropIndex(name: string): Promise<void> {
    await this.#declare((collection) => {
      const indexes = collection.indexes.map(({ index }) => index)
      const found = indexes.find(({ definition }) => definition.name === name)
      if (!found) throw unknownIndex(name, this.name, indexes)
      const { uuid } = found.definition
      collection.dropIndex(uuid)
      return { op: 'dropIndex', collection: this.#uuid, index: uuid }
    })
  }

  /**
   * Adds the indexes that are not there yet, all or, where one is refused, none.
   * Managed ones get their embedders, as by {@link embedWith}.
   * @throws QuiverError ALREADY_EXISTS: one of that name is declared differently
   */
  async ensureIndexes(wanted: readonly IndexOptions[]): Promise<void> {
    const { collection } = await this.#view()
    const missing = wanted.filter((options) => !this.#hasIndex(collection, options))
    for (const options of missing) {
      try {
        await this.createIndex(options)
      } catch (error) {
        // Someone else may have created the same one meanwhile.
        const exists = error instanceof QuiverError && error.code === 'ALREADY_EXISTS'
        if (!exists || !this.#hasIndex((await this.#view()).collection, options)) throw error
      }
    }
    for (const { name, field, embedder } of wanted) if (embedder) await this.embedWith(name ?? field, embedder)
  }

  /**
   * Declares field indexes, which answer filters without reading records. It answers at once; filters are right before and after, and become quick
   * as the indexes of what is stored are made in the background. A path that is declared already is passed over.
   * @param paths dotted, of at most 64 in all, e.g. `['year', 'author.name']`
   * @throws QuiverError INVALID_ARGUMENT, LIMIT_EXCEEDED
   */
  async declareFields(paths: readonly string[]): Promise<void> {
    const wanted = declaredPaths(paths)
    const { collection } = await this.#view()
    if (wanted.every((path) => collection.fields.includes(path))) return
    await this.#changeFields(wanted, [])
  }

  /** Takes declarations back; records stay as they are. @throws QuiverError NOT_FOUND: a path is not declared. INVALID_ARGUMENT */
  async dropFields(paths: readonly string[]): Promise<void> {
    await this.#changeFields([], declaredPaths(paths))
  }

  /** The declared fields and how far the index of each is. */
  async fields(): Promise<FieldStatus[]> {
    return fieldStatus((await this.#view()).collection)
  }

  async #changeFields(add: readonly string[], drop: readonly string[]): Promise<void> {
    await this.#declare((collection) => {
      const unknown = drop.find((path) => !collection.fields.includes(path))
      if (unknown !== undefined)
        throw new QuiverError('NOT_FOUND', `Collection '${this.name}' has no index of field '${unknown}'.`, {
          details: { field: unknown },
        })
      if (new Set([...collection.fields, ...add]).size > fieldsMax)
        throw new QuiverError('LIMIT_EXCEEDED', `Collection '${this.name}' may have ${fieldsMax} indexed fields at most.`)
      collection.declareFields(add, drop)
      return { op: 'declareFields', collection: this.#uuid, add: [...add], drop: [...drop] }
    })
  }

  /**
   * Declares text indexes, for {@link searchText}. It answers at once; searches are right from then on, and become quick as what is stored is indexed in
   * the background. A text that is declared already is passed over.
   * @param texts of at most 16 fields in all, e.g. `[{ field: 'abstract', language: 'english' }]`
   * @throws QuiverError ALREADY_EXISTS: the field is declared with another language; drop it first. INVALID_ARGUMENT, LIMIT_EXCEEDED
   */
  async declareTexts(texts: readonly TextOptions[]): Promise<void> {
    const wanted = textDefinitions(texts)
    const { collection } = await this.#view()
    if (this.#newTexts(collection, wanted).length === 0) return
    await this.#declare((draft) => {
      const add = this.#newTexts(draft, wanted)
      if (draft.texts.length + add.length > textsMax)
        throw new QuiverError('LIMIT_EXCEEDED', `Collection '${this.name}' may have ${textsMax} text indexes at most.`)
      draft.declareTexts(add, [])
      return { op: 'declareTexts', collection: this.#uuid, add, drop: [] }
    })
  }

  /** Takes text indexes back, by their fields; records stay as they are. @throws QuiverError NOT_FOUND: a field has none. INVALID_ARGUMENT */
  async dropTexts(fields: readonly string[]): Promise<void> {
    const drop = declaredPaths(fields)
    await this.#declare((draft) => {
      const unknown = drop.find((field) => !draft.texts.some((text) => text.field === field))
      if (unknown !== undefined) throw unknownText(unknown, this.name, draft.texts)
      draft.declareTexts([], drop)
      return { op: 'declareTexts', collection: this.#uuid, add: [], drop }
    })
  }

  /** The text indexes and how far each is. */
  async texts(): Promise<TextStatus[]> {
    return textStatus((await this.#view()).collection)
  }

  /** Of some texts those that are not declared. @throws QuiverError ALREADY_EXISTS */
  #newTexts({ texts }: { readonly texts: readonly TextDefinition[] }, wanted: readonly TextDefinition[]): TextDefinition[] {
    return wanted.filter(({ field, analyser }) => {
      const known = texts.find((text) => text.field === field)
      // Another edition of the same language stays what it is.
      if (!known || languageOf(known.analyser) === languageOf(analyser)) return !known
      const language = languageOf(known.analyser)
      throw new QuiverError(
        'ALREADY_EXISTS',
        `Field '${field}' of collection '${this.name}' has a text index for language '${language}'. Drop it first.`,
        { details: { field, language } },
      )
    })
  }

  /** Commits what changes the things that the collection keeps of its records, and no record. */
  async #declare(change: (collection: CollectionDraft) => Operation | Operation[]): Promise<void> {
    await this.#ledger.commit({
      kind: 'write',
      sizeBytes: declarationBytes,
      rowsMax: 0,
      prepare: (draft) => ({ ops: [change(draft.collection(this.#uuid))].flat(), blocks: new Map(), rows: 0 }),
    })
  }

  /** The collection's indexes and how far each is. */
  async indexes(): Promise<IndexStatus[]> {
    return indexStatuses(this.#ledger, (await this.#view()).collection)
  }

  /**
   * The collection as it was at a version, for reading. Close it when done: until then the version is kept.
   * @param version from `commit`, `log` or any answer, e.g. `main@12`
   * @throws QuiverError NOT_FOUND: older than the retention time, or the collection was not there yet
   */
  async at(version: string): Promise<CollectionVersion<T>> {
    const pin = await this.#ledger.pin(parseVersionName(checked(v.string(), version, 'version')))
    const collection = pin.state.collections.get(this.#uuid)
    if (!collection) {
      await pin.release()
      throw new QuiverError('NOT_FOUND', `At version ${version} there was no collection '${this.name}'.`, {
        details: { version },
      })
    }
    return new CollectionVersion<T>(this.#ledger, { collection, seq: pin.state.seq }, () => pin.release())
  }

  #hasIndex(collection: CollectionState, options: IndexOptions): boolean {
    const definition = indexDefinition(options, '')
    const known = collection.index(definition.name)
    if (known && !sameIndex(known.index.definition, definition)) throw differentIndex(this.name, known)
    return known !== undefined
  }

  async #view(): Promise<View> {
    return this.#viewOf(await this.#ledger.current())
  }

  #viewOf(state: NamespaceState): View {
    const collection = state.collections.get(this.#uuid)
    if (!collection)
      throw new QuiverError('NOT_FOUND', `Collection '${this.name}' was dropped.`, { details: { collection: this.name } })
    return { collection, seq: state.seq }
  }
}

/** A collection as it was at one version. */
export class CollectionVersion<T extends object = Fields> extends CollectionReader<T> {
  readonly version: string
  readonly #release: () => Promise<void>
  #closed = false

  constructor(ledger: Ledger, view: View, release: () => Promise<void>) {
    super({
      parts: ledger.parts,
      embedders: ledger.embedders,
      view: async () => {
        if (this.#closed) throw new QuiverError('CLOSED', `The reader of version ${this.version} is closed.`)
        ledger.checkOpen()
        return view
      },
    })
    this.version = formatVersionName(view.seq)
    this.#release = release
  }

  /** Lets the version go. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#release()
  }
}

function versionOf(state: NamespaceState): string {
  return formatVersionName(state.seq)
}

function differentIndex(collection: string, { index }: IndexState): QuiverError {
  const { uuid: _, ...facts } = index.definition
  return new QuiverError(
    'ALREADY_EXISTS',
    `Index '${facts.name}' of collection '${collection}' is declared differently: ${JSON.stringify(facts)}.`,
    {
      details: { index: facts.name },
    },
  )
}
