// The sender's end of an import, in a process of its own so that making records does not take the server's time.
import { QuiverClient } from '@quiverdb/client'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { Random } from '../sets/random.mjs'
import { stopwatch } from '../shared/meters.mjs'

const { url, dimensions, rows } = childParameters()

answerRequests({
  async import({ collection, packed }) {
    const client = new QuiverClient(url)
    await client.collection(collection, { indexes: [{ field: 'embedding', dimensions }] })
    const elapsed = stopwatch()
    const { stored } = await client.open(collection).import(records(packed))
    const seconds = elapsed()
    if ((await client.open(collection).count()) !== rows || stored !== rows) throw new Error('not all was stored')
    return seconds
  },
})

function* records(packed) {
  const random = new Random(7)
  for (let row = 0; row < rows; row++) {
    const embedding = new Float32Array(dimensions)
    for (let i = 0; i < dimensions; i++) embedding[i] = random.next() - 0.5
    yield { id: `r${row}`, row, embedding: packed ? embedding : Array.from(embedding) }
  }
}
