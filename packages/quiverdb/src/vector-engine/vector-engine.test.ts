import { afterEach } from 'vitest'
import { vectorEngineCases } from '../testing/vector-engine/conformance.js'
import { VectorEngine } from './vector-engine.js'

const open: VectorEngine[] = []
afterEach(() => open.splice(0).forEach((engine) => engine.close()))

vectorEngineCases({
  name: 'in memory',
  async create(config) {
    const engine = await VectorEngine.create(config)
    open.push(engine)
    return engine
  },
})
