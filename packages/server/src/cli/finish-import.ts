import type { Namespace } from 'quiverdb'
import type { VectorRule } from './importers/vector-rule.js'
import { answer, remark } from './output.js'
import { counted } from './render/text.js'
import type { Written } from './row-writer.js'
import type { NamespaceOptions } from './session.js'
import { waitUntilSettled } from './settle.js'

interface FinishOptions extends NamespaceOptions {
  collection: string
  field: string
  wait: boolean
  message?: string
}

/** Names the version where that is wanted, waits for the index, and says what was stored. */
export async function finishImport(
  namespace: Namespace,
  stored: Written,
  { without }: Pick<VectorRule, 'without'>,
  options: FinishOptions,
): Promise<void> {
  const { collection, field, message, wait } = options
  const { records } = stored
  const version = message === undefined ? stored.version : await namespace.commit(message)
  if (without > 0) remark(options, `${counted(without, 'record')} without "${field}": stored, but no vector search finds them.`)
  const ready = wait ? await waitUntilSettled(namespace, options) : false
  const summary = { collection, records, withoutVector: without, version, ready }
  answer(options, summary, () => `Collection "${collection}": ${counted(records, 'record')} stored, version ${version}.`)
}
