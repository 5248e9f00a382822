import type { ObjectStore } from '../store/object-store.js'

/** The same objects through a store that answers every read later, as one behind a network does. */
export function withoutSync(store: ObjectStore): ObjectStore {
  return {
    name: store.name,
    capabilities: store.capabilities,
    putNew: (key, body) => store.putNew(key, body),
    put: (key, body) => store.put(key, body),
    get: async (key, range) => {
      await new Promise((resolve) => setImmediate(resolve))
      return store.get(key, range)
    },
    list: (prefix, options) => store.list(prefix, options),
    delete: (keys) => store.delete(keys),
    close: () => store.close(),
  }
}
