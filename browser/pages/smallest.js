import { open } from 'quiverdb/browser'

const db = await open('memory:')
const notes = await db.collection('notes', { indexes: [{ field: 'embedding', dimensions: 3 }] })
await notes.upsert([{ id: 'a', embedding: [1, 0, 0] }])
console.log(await notes.search({ vector: [1, 0, 0] }))
