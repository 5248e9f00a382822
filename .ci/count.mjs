// count.mjs <folder of vitest's JSON results> [failed step ...]: prints "N passed, N failed" and exits with 1 if anything failed.
// A failed step counts as one failure, unless failed tests explain it already.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const suites = {
  'npm test': 'test.json',
  'npm run test:slow': 'slow.json',
  'npm run test:browser': 'browser.json',
  'npm run test:vectra': 'vectra.json',
  'npm run test:transformers': 'transformers.json',
}
const [folder, ...failedSteps] = process.argv.slice(2)

let passed = 0
let failed = 0
for (const [step, file] of Object.entries(suites)) {
  const path = join(folder, file)
  const result = existsSync(path)
    ? JSON.parse(readFileSync(path, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  // A file that did not load has no tests to fail.
  const brokenFiles = result.testResults.filter((one) => one.status === 'failed' && one.assertionResults.length === 0)
  const failures = result.numFailedTests + brokenFiles.length
  passed += result.numPassedTests
  failed += failures
  if (failedSteps.includes(step) && failures === 0) failed++
}
failed += failedSteps.filter((step) => !(step in suites)).length

process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
