import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startModelServer } from '../../../server/src/demo/model-server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

test('docs/guides/llm.md shows its example as it is, and what it prints', async () => {
  const guide = readFileSync(join(root, 'docs/guides/llm.md'), 'utf8')
  const path = join(root, 'examples/llm-answers.ts')
  expect(guide).toContain(`\`\`\`ts\n${readFileSync(path, 'utf8')}\`\`\`\n`)
  const model = await startModelServer()
  try {
    const env = { ...process.env, OPENAI_API_KEY: 'key', OPENAI_BASE_URL: model.url }
    const { stdout } = await run(process.execPath, [path], { env })
    expect(guide).toContain(`\`\`\`text\n${stdout}\`\`\`\n`)
    expect(model.requests).toHaveLength(2)
  } finally {
    await model.close()
  }
})
