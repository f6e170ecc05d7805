import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it.each([
  ['docs/errors.md holds every code with its HTTP status, its meaning and what to do', 'write-errors-doc.ts'],
  ['README.md shows the figures of docs/benchmarks.md', 'write-peers-doc.ts'],
])('%s', (_, name) => {
  const script = join(import.meta.dirname, '../../../scripts', name)
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
