import { afterEach } from 'vitest'
import { vectorEngineCases } from '../../testing/vector-engine/conformance.js'
import { openDurable, type DurableVectorEngine } from '../index.js'

const engines: DurableVectorEngine[] = []
afterEach(async () => void (await Promise.all(engines.splice(0).map((engine) => engine.close()))))

vectorEngineCases({
  name: 'durable',
  async create(config) {
    const engine = await openDurable('memory:', config)
    engines.push(engine)
    return engine
  },
})
