import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

/** What a program of its own printed; rejects where it ended before its last line. */
async function printed(text: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { timeout: 50_000 })
  return stdout.trim()
}

it('a program outlives what it waits for: turns over budget, and closing', async () => {
  const text = `
    import { localEmbedder } from 'reprise/embedders'
    const embedder = localEmbedder({ cpuShare: 0.05 })
    const signal = new AbortController().signal
    // One that spends all there is, and after a rest one that waits until it is made up for.
    await embedder.embed(['many words '.repeat(60)], signal)
    await new Promise(resolve => setTimeout(resolve, 50))
    await embedder.embed(['hello'], signal)
    await embedder.close()
    console.log('done')`
  expect(await printed(text)).toBe('done')
}, 60_000)

it('a program that does not close it ends by itself', async () => {
  const text = `
    import { localEmbedder } from 'reprise/embedders'
    const [{ vector }] = await localEmbedder().embed(['hello'], AbortSignal.timeout(40_000))
    console.log(vector.length)`
  expect(await printed(text)).toBe('384')
}, 60_000)
