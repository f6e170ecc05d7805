import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

test('docs/http-cache.md shows its example as it is, and what it prints', async () => {
  const guide = readFileSync(join(root, 'docs/http-cache.md'), 'utf8')
  const path = join(root, 'examples/http-cache.ts')
  expect(guide).toContain(`\`\`\`ts\n${readFileSync(path, 'utf8')}\`\`\`\n`)
  const { stdout } = await run(process.execPath, [path])
  expect(guide).toContain(`\`\`\`text\n${stdout.replace(/ttl=\d+/g, 'ttl=59')}\`\`\`\n`)
})
