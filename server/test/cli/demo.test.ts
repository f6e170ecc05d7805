import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freePort } from '../../../testbed/free-port.ts'
import { repriseMain } from '../../../testbed/servers/reprise.ts'
import { jsonOf, post } from '../http/exchange.ts'

test('reprise demo shows hits without any key, and leaves nothing behind', async () => {
  const port = await freePort()
  const demo = spawn(process.execPath, [repriseMain, 'demo', '--port', `${port}`, '--rate', '20', '--delay', '20'], {
    env: { PATH: process.env['PATH'] },
  })
  let output = ''
  demo.stdout.on('data', chunk => {
    output += chunk
  })
  demo.stderr.on('data', chunk => {
    output += chunk
  })
  try {
    await expect.poll(() => output, { timeout: 30_000 }).toContain('/admin/cache')
    const directory = /embedded PostgreSQL in (\S+)/.exec(output)?.[1] ?? ''
    expect(existsSync(directory)).toBe(true)
    const url = `http://127.0.0.1:${port}`
    const question = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Is it on?' }] }
    const ask = async () => {
      const answer = await post(`${url}/v1/chat/completions`, question, { authorization: 'Bearer me' })
      await answer.arrayBuffer()
      return answer.headers.get('x-reprise-cache')
    }
    await expect.poll(async () => [await ask(), await ask()].at(-1), { timeout: 20_000 }).toBe('hit')
    await expect
      .poll(
        async () => {
          const { caches } = await jsonOf<{ caches: Record<string, { hits: { all: number } }> }>(
            fetch(`${url}/api/cache/stats`),
          )
          return [caches['ai']?.hits.all ?? 0, caches['embeddings']?.hits.all ?? 0].every(hits => hits > 3)
        },
        { timeout: 30_000 },
      )
      .toBe(true)
    await expect.poll(() => output, { timeout: 30_000 }).toMatch(/calls of models in 10 s: \d+ % hits/)
    demo.kill('SIGTERM')
    const [code] = await once(demo, 'exit')
    expect(code).toBe(0)
    expect(existsSync(directory)).toBe(false)
  } finally {
    demo.kill('SIGKILL')
  }
}, 120_000)
