import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { blocksOf, readPage, root } from './pages.ts'

const run = promisify(execFile)
const blocks = blocksOf(readPage('docs/library.md'))

describe('docs/library.md', () => {
  it('shows examples that compile', async () => {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    await expect(run(process.execPath, [compiler, '-p', join(root, 'examples')])).resolves.toMatchObject({ stdout: '' })
  })

  it.each(['chat-in-your-program', 'own-embedder'])('shows %s as it is, and it runs', async name => {
    const path = join(root, 'examples', `${name}.ts`)
    const example = await readFile(path, 'utf8')
    const shown = blocks.findIndex(({ text }) => text === example)
    expect(shown, 'docs/library.md holds the whole file as a block').toBeGreaterThanOrEqual(0)
    const { stdout } = await run(process.execPath, [path])
    expect(stdout).not.toBe('')
    const said = blocks[shown + 1]
    if (said?.language === 'text') expect(stdout).toBe(said.text)
  })
})
