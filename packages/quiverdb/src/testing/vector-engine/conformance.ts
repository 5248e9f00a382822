import { collectionCases } from './collection-cases.js'
import type { EngineFactory } from './engine-under-test.js'
import { filterCases } from './filter-cases.js'
import { metadataCases } from './metadata-cases.js'
import { persistenceCases } from './persistence-cases.js'
import { searchCases } from './search-cases.js'
import { storageCases } from './storage-cases.js'

/** What every vector engine answers to, be it in memory or durable. The numbers are those of the published reference's own cases. */
export function vectorEngineCases(engine: EngineFactory): void {
  storageCases(engine)
  metadataCases(engine)
  filterCases(engine)
  collectionCases(engine)
  searchCases(engine)
  persistenceCases(engine)
}
