import { GPT3Tokenizer, open } from 'quiverdb/browser'

const texts = {
  'wings.md': '# Wings\n\nThe lift of a wing grows with the square of its speed.',
  'graphs.md': '# Graphs\n\nA graph has nodes, and edges between them.',
  'words.md': '# Words\n\nStemming makes running and runs the same term.',
}

globalThis.checks = {
  async search(withTokenizer) {
    const db = await open('memory:')
    const notes = await db.collection('notes', {
      documents: withTokenizer ? { tokenizer: new GPT3Tokenizer() } : {},
    })
    for (const [uri, text] of Object.entries(texts)) await notes.documents.upsert({ uri, text })
    const found = await notes.documents.search({ text: 'how much lift does a wing have', limit: 1, sections: { tokens: 100 } })
    await db.close()
    return found.documents.map(({ uri, sections }) => [uri, sections.length])
  },

  async words() {
    const db = await open('memory:')
    const notes = await db.collection('notes', { texts: [{ field: 'text', language: 'english' }] })
    await notes.upsert(Object.entries(texts).map(([id, text]) => ({ id, text })))
    await db.settled()
    const { hits } = await notes.searchText({ text: 'run', limit: 3 })
    await db.close()
    return hits.map(({ id }) => id)
  },
}
