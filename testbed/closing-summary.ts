import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/**
 * Says after a run which suites were skipped because a server is not installed, and counts the tests in the very last
 * line. What failed outside a test – a file that did not load, a hook, a stray rejection – counts as a failure too.
 */
export class ClosingSummary implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly SerializedError[]): Promise<void> {
    const count = { passed: 0, failed: strayErrors.length, skipped: 0 }
    const lines: string[] = []
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) count.failed += 1
        const missing = suite.meta().missingBinaries
        if (missing)
          lines.push(`skipped: ${module.relativeModuleId} > ${suite.fullName} – ${missing.join(', ')} missing`)
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        // A test that never ran because the run was interrupted is not a pass.
        count[state === 'pending' ? 'failed' : state] += 1
      }
    }
    if (lines.length > 0) lines.push('scripts/install-servers.sh installs what is missing.')
    lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
    // Reporters are called side by side: a turn later the default one has written its own summary.
    await new Promise(resolve => setImmediate(resolve))
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }
}
