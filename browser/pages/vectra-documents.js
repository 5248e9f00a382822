import { BrowserWebFetcher, IndexedDBStorage, LocalDocumentIndex, WebFetcher } from 'quiverdb/browser'

/** Counts of letters, which is enough to tell three texts apart. */
const embeddings = {
  maxTokens: 1000,
  createEmbeddings: async (inputs) => ({
    status: 'success',
    output: [inputs].flat().map((text) => Array.from({ length: 26 }, (_, i) => text.split(String.fromCharCode(97 + i)).length)),
  }),
}
const storage = new IndexedDBStorage('documents')
const indexOf = () => new LocalDocumentIndex({ folderPath: 'documents', storage, embeddings })

globalThis.checks = {
  async fill() {
    const index = indexOf()
    await index.createIndex({ version: 1, deleteIfExists: true })
    await index.upsertDocument('wings.md', 'The lift of a wing grows with its speed.', 'md', { year: 1958 })
    const page = '<h1>Jazz quiz</h1><p>Fuzzy <a href="/puzzle">puzzles</a></p>'
    const address = URL.createObjectURL(new Blob([page], { type: 'text/html' }))
    const isTaken = await new BrowserWebFetcher().fetch(address, async (_, text, docType) => {
      await index.upsertDocument('quiz', text, docType)
      return true
    })
    return { isTaken, isSame: WebFetcher === BrowserWebFetcher, stats: await index.getCatalogStats() }
  },

  async read() {
    const [best] = await indexOf().queryDocuments('jazz puzzles, quiz', { maxDocuments: 1 })
    return { uri: best.uri, text: await best.loadText() }
  },
}
