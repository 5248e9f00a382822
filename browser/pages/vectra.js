import { IndexedDBStorage, LocalFileStorage, LocalIndex, migrateIndex, ProtobufCodec } from 'quiverdb/vectra'
import { clusteredVectors, nearestByForce, recallOf } from './vectors.js'

const vectors = clusteredVectors(800, 24, 7)
const query = vectors[5].map((x) => x + 0.01)
const items = vectors.map((vector, i) => ({ id: `i${i}`, vector, metadata: { year: 1900 + (i % 50), text: `note ${i}` } }))
const storage = new IndexedDBStorage('notes')
const indexOf = (format) =>
  new LocalIndex(`indexes/${format}`, undefined, storage, format === 'protobuf' ? new ProtobufCodec() : undefined)

async function rejection(action) {
  try {
    await action()
  } catch ({ message }) {
    return message
  }
}

globalThis.checks = {
  async fill(format) {
    const index = indexOf(format)
    await index.createIndex({ version: 1, deleteIfExists: true, metadata_config: { indexed: ['year'] } })
    await index.batchInsertItems(items)
    await index.upsertItem({ id: 'i0', vector: items[0].vector, metadata: { year: 2000, text: 'changed' } })
    await index.deleteItem('i1')
    return index.getIndexStats()
  },

  /** In a page that has been loaded anew. */
  async read(format) {
    const index = indexOf(format)
    if (!(await index.isIndexCreated())) return 'nothing is there'
    const wanted = nearestByForce(vectors, query, 10, (i) => i !== 1)
    const found = await index.queryItems(query, '', 10)
    const filtered = await index.queryItems(query, '', 10, { year: { $gte: 1940 } })
    const wantedOfFilter = nearestByForce(vectors, query, 10, (i) => i % 50 >= 40 || i === 0)
    const numbers = (results) => results.map(({ item }) => Number(item.id.slice(1)))
    return {
      items: (await index.listItems()).length,
      changed: (await index.getItem('i0')).metadata.year,
      gone: (await index.getItem('i1')) === undefined,
      text: found[0].item.metadata.text,
      recall: recallOf(numbers(found), wanted),
      filtered: recallOf(numbers(filtered), wantedOfFilter),
    }
  },

  async migrate() {
    await migrateIndex('indexes/json', { to: 'protobuf', storage })
    const index = new LocalIndex('indexes/json', undefined, storage, new ProtobufCodec())
    return (await index.getIndexStats()).items
  },

  /** Two instances, as in two tabs: what one writes does not undo what the other has written. */
  async others() {
    const [one, other] = [indexOf('json'), new LocalIndex('indexes/json', undefined, new IndexedDBStorage('notes'))]
    await one.listItems()
    const added = ['a', 'b', 'c', 'd'].map((id, i) => {
      const item = { id, vector: query, metadata: { year: i } }
      return (i % 2 ? one : other).insertItem(item)
    })
    await Promise.all(added)
    return (await indexOf('json').listItems())
      .slice(-4)
      .map(({ id }) => id)
      .sort()
  },

  async files() {
    const files = new IndexedDBStorage('files')
    await files.createFolder('a/b')
    await files.createFile('a/b/one.txt', 'one')
    await files.upsertFile('a/two.json', new Uint8Array([1, 2, 3]))
    await files.upsertFile('top.txt', 'top')
    await files.replaceFile('a/two.json', [new Uint8Array([9]), { start: 1, end: 3 }])
    const stamps = [await files.stampOf('a/two.json'), await files.stampOf('none')]
    await files.upsertFile('a/two.json', new Uint8Array([9, 2, 3]))
    const names = async (folder, filter) => (await files.listFiles(folder, filter)).map(({ path }) => path).sort()
    const result = {
      listed: [await names('a'), await names('a', 'files'), await names('a', 'folders'), await names('')],
      details: [await files.getDetails('a/b/one.txt'), await files.getDetails('a')],
      read: [[...(await files.readFile('a/two.json'))], new TextDecoder().decode(await files.readFile('/top.txt'.slice(1)))],
      isStamped: typeof stamps[0] === 'string' && stamps[1] === undefined && stamps[0] !== (await files.stampOf('a/two.json')),
      errors: [
        await rejection(() => files.createFile('top.txt', '')),
        await rejection(() => files.readFile('none')),
        await rejection(() => files.getDetails('none')),
        await rejection(() => files.upsertFile('a', '')),
        await rejection(() => files.createFolder('top.txt/x')),
        await rejection(() => new LocalFileStorage()),
        await rejection(() => new LocalIndex('x')),
      ],
      stored: await recordsOf('files'),
    }
    await files.deleteFile('none')
    await files.deleteFolder('a')
    result.left = [await names(''), await files.pathExists('a/b/one.txt'), await files.pathExists('a/b')]
    await files.close()
    result.reopened = await files.pathExists('top.txt')
    await files.destroy()
    result.databases = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name === 'files')
    return result
  },
}

/** What a database holds, as another program sees it. */
async function recordsOf(name) {
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
  const database = await done(indexedDB.open(name, 1))
  const store = (name) => database.transaction(name).objectStore(name)
  const files = await done(store('files').getAll())
  const folders = await done(store('folders').index('parentPath').getAll())
  database.close()
  return {
    files: files.map(({ path, parentPath, content }) => [path, parentPath, content instanceof ArrayBuffer && content.byteLength]),
    folders: folders.map(({ path, parentPath }) => [path, parentPath]),
  }
}
