import swagger from '@fastify/swagger'
import { readFile } from 'node:fs/promises'
import type { App } from './schemas/shared.js'

/** Lets the routes that follow describe themselves: their schemas are the document. */
export async function describeApi(app: App): Promise<void> {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Quiver',
        version: manifest.version,
        description:
          'A versioned vector database. Errors are { error: { code, message, details }, requestId } with a code of docs/ERRORS.md.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key: quiver_...' } } },
    },
    transform: ({ schema, url, route }) => {
      const role = route.config?.role ?? route.config?.rushdb
      if (role === undefined) return { schema, url }
      return { schema: { ...schema, description: `Needs a key with the role \`${role}\`.`, security: [{ key: [] }] }, url }
    },
  })
}
