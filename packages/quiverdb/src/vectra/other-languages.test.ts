import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LocalIndex } from './index.js'

/** Prints the best item for a query, with its title, by nothing but the files. */
const program = `
import json, math, sys
folder, query = sys.argv[1], json.loads(sys.argv[2])
index = json.load(open(folder + '/index.json', encoding='utf-8'))
norm = math.sqrt(sum(x * x for x in query))
score = lambda item: sum(a * b for a, b in zip(query, item['vector'])) / (norm * item['norm'])
best = max((item for item in index['items'] if item['metadata']['year'] > 1950), key=score)
print(json.dumps([best['id'], json.load(open(folder + '/' + best['metadataFile'], encoding='utf-8'))['title'], score(best)]))
`

const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) process.stderr.write('There is no python3 here: that other languages read our folders is not tested.\n')

test.skipIf(!hasPython)('a few lines of Python read a folder that was written here', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quiver-vectra-python-'))
  try {
    const index = new LocalIndex(folder)
    await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
    await index.insertItem({ id: 'old', vector: [1, 2, 3], metadata: { year: 1936, title: 'Computable numbers' } })
    await index.insertItem({ id: 'é', vector: [0.1, 0.2, 0.31], metadata: { year: 1958, title: 'Perceptron – ß' } })
    await index.insertItem({ id: 'far', vector: [3, 0, -1], metadata: { year: 1986, title: 'Backpropagation' } })
    const query = [1, 2, 3]
    const printed = execFileSync('python3', ['-c', program, folder, JSON.stringify(query)], { encoding: 'utf8' })
    const [best] = await index.queryItems(query, '', 1, { year: { $gt: 1950 } })
    const [id, title, score] = JSON.parse(printed) as [string, string, number]
    expect([id, title]).toEqual([best!.item.id, best!.item.metadata['title']])
    expect(score).toBeCloseTo(best!.score, 12)
  } finally {
    await rm(folder, { recursive: true })
  }
})
