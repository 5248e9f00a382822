import { kernelBinaries } from '@quiverdb/kernel'

let script: Promise<string> | undefined

/**
 * The address of the script that all workers run in a browser. It is made of text that is part of the package, since bundlers do not agree
 * on how a library names a further file; the kernel, which the page has already, is put before it.
 */
export function workerScript(): Promise<string> {
  return (script ??= makeScript())
}

async function makeScript(): Promise<string> {
  const { workerText } = await import('./worker-text.js')
  const kernel = `self.quiverKernel = ${JSON.stringify(kernelBinaries)};\n`
  return URL.createObjectURL(new Blob([kernel, workerText], { type: 'text/javascript' }))
}
