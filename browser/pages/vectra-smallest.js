import { IndexedDBStorage, LocalIndex } from 'quiverdb/vectra'

const index = new LocalIndex('notes', undefined, new IndexedDBStorage())
if (!(await index.isIndexCreated())) await index.createIndex()
console.log(await index.queryItems([1, 0, 0], '', 10))
