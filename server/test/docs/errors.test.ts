import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('docs/errors.md holds every code with its HTTP status, its meaning and what to do', () => {
  const script = join(import.meta.dirname, '../../../scripts/write-errors-doc.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
