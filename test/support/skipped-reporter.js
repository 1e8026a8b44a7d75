import process from 'node:process'

/**
 * A reporter for Jest that ends a run with a list of what was skipped, and why. In JavaScript: Jest
 * compiles no reporters.
 */
export default class SkippedReporter {
  #globalConfig

  constructor(globalConfig) {
    this.#globalConfig = globalConfig
  }

  onRunComplete(_contexts, { testResults }) {
    const skipped = new Map()
    for (const { testResults: tests } of testResults) {
      for (const test of tests.filter(({ status }) => status === 'pending' || status === 'todo')) {
        const line = describe(test)
        // A run of chosen tests leaves the others out, without a reason.
        if (this.#globalConfig.testNamePattern && !line.hasReason) continue
        skipped.set(line.text, (skipped.get(line.text) ?? 0) + 1)
      }
    }
    if (skipped.size === 0) {
      process.stderr.write('Nothing was skipped.\n')
      return
    }
    const lines = [...skipped].map(([text, count]) => `  ${count} × ${text}\n`)
    process.stderr.write(`Skipped:\n${lines.join('')}`)
  }
}

/** What was skipped; tests that were skipped together, by `requirements.ts`, have one text. */
function describe({ ancestorTitles, fullName }) {
  const at = ancestorTitles.findIndex((title) => /\(skipped: .*\)$/.test(title))
  if (at === -1) return { hasReason: false, text: `${fullName} (no reason given)` }
  return { hasReason: true, text: ancestorTitles.slice(0, at + 1).join(' ') }
}
