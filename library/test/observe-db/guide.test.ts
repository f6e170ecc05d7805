import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPostgres } from '../../../testbed/postgres.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

describeWith(['postgres'], 'docs/guides/observe-db.md', () => {
  test('shows its example as it is, and what it prints', async () => {
    const guide = readFileSync(join(root, 'docs/guides/observe-db.md'), 'utf8')
    const path = join(root, 'examples/observe-database.ts')
    expect(guide).toContain(`\`\`\`ts\n${readFileSync(path, 'utf8')}\`\`\`\n`)
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const { stdout } = await run(process.execPath, [path], { env: { ...process.env, DATABASE_URL: server.url } })
    expect(guide).toContain(`\`\`\`text\n${stdout}\`\`\`\n`)
  })
})
