import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { type RepriseServer, repriseMain, startReprise } from '../../../testbed/servers/reprise.ts'
import { type ModelServer, startModelServer } from '../../src/demo/model-server.ts'
import { historyOf, migrateTo, say } from '../contract/chat.ts'
import { post } from '../http/exchange.ts'
import { runCli } from './run-cli.ts'

const key = { ADMIN_API_KEY: 'the admin key' }
const json = (text: string): Record<string, unknown> => JSON.parse(text)

describe('the commands that ask a running server', () => {
  let model: ModelServer
  let server: RepriseServer
  let directory: PrivateDirectory
  let at: readonly string[]
  const file = (name: string) => join(directory.path, name)
  const reprise = (...args: readonly string[]) => runCli([...args, ...at], key)

  beforeAll(async () => {
    model = await startModelServer()
    directory = await privateDirectory('running')
    const settings = { UPSTREAM_BASE_URL: model.url, DATA_DIR: file('data'), ADMIN_SHOW_KEYS: 'true' }
    server = await startReprise({ ...settings, ...key })
    at = ['--url', server.url]
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([model.close(), directory[Symbol.asyncDispose]()])
  })

  const question = (content: string) => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
  const ask = async (content: string, caller: string) => {
    const headers = { authorization: `Bearer ${caller}` }
    const answer = await post(`${server.url}/v1/chat/completions`, question(content), headers)
    await answer.arrayBuffer()
    return answer.headers.get('x-reprise-cache')
  }

  it('warm fills the caches for the callers whose key is given, and finds them filled the next time', async () => {
    await say(server.url, 'warm-guest', 'Hello')
    await writeFile(file('app-key'), 'sk-warm\n')
    const lines = [
      question('What is Reprise?'),
      { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: question('And what is a tier?') },
      { model: 'text-embedding-3-small', input: 'warm' },
      { guest_id: 'warm-guest' },
    ]
    await writeFile(file('warm.jsonl.gz'), gzipSync(lines.map(line => JSON.stringify(line)).join('\n')))
    const args = ['warm', file('warm.jsonl.gz'), '--api-key-file', file('app-key'), '--concurrency', '2', '--json']
    const first = await reprise(...args)
    expect(first).toMatchObject({ code: 0, stderr: 'warming: 4 of 4 requests\n' })
    expect(json(first.stdout)).toMatchObject({ requests: 4, filled: 3, hits: 1, uncached: 0, failed: 0 })
    expect(await ask('And what is a tier?', 'sk-warm')).toBe('hit')
    expect(await ask('And what is a tier?', 'sk-other')).toBe('miss')
    expect(json((await reprise(...args)).stdout)).toMatchObject({ hits: 4, filled: 0 })
  })

  it('warm sends nothing of a file that cannot be read, and names what failed', async () => {
    await writeFile(file('wrong.jsonl'), '{"guest_id":"g"}\n{"colour":"red"}\nnot JSON')
    const wrong = await reprise('warm', file('wrong.jsonl'))
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('wrong.jsonl:2 expected') })
    expect(wrong.stderr).toContain('wrong.jsonl:3 ')
    await writeFile(file('failing.jsonl'), '{"guest_id":"no such id!"}')
    const failing = await reprise('warm', file('failing.jsonl'))
    expect(failing).toMatchObject({ code: 1, stdout: expect.stringMatching(/line 1: .*guest_id/) })
  })

  it('stats shows all caches, one in detail, and goes on while it is watched', async () => {
    await ask('Count me', 'sk-stats')
    await ask('Count me', 'sk-stats')
    const all = await reprise('stats')
    expect(all.stdout).toMatch(/^cache +entries +of at most +hits % 5 min/m)
    expect(all.stdout).toMatch(/^ai +[1-9]\d* +2,000 +[1-9]/m)
    const detail = await reprise('stats', 'ai')
    expect(detail.stdout).toMatch(/^hits % +[1-9]/m)
    expect(detail.stdout).toContain('keys by hits')
    const { caches } = json((await reprise('stats', '--json')).stdout)
    expect(caches).toMatchObject({ ai: { max_entries: 2000 }, guest: {} })
    expect(await reprise('stats', 'attic')).toMatchObject({ code: 2, stderr: expect.stringContaining('rag, db') })

    const watching = spawn(process.execPath, [repriseMain, 'stats', '--watch', '--json', ...at], {
      env: { ...process.env, ...key },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<number | null>(resolve => watching.on('close', resolve))
    let text = ''
    for await (const chunk of watching.stdout) {
      text += chunk
      if (text.split('\n').length > 2) break
    }
    watching.kill('SIGINT')
    expect(await ended).toBe(0)
    for (const line of text.trim().split('\n')) expect(json(line)).toMatchObject({ status: 'healthy' })
  })

  it('explain says whether a key would be served, and lists keys', async () => {
    const absent = await reprise('explain', 'db', '["user",7]')
    expect(absent).toMatchObject({ code: 0, stdout: expect.stringContaining('memory  absent') })
    await ask('Explain me', 'sk-explain')
    const { keys } = json((await reprise('explain', 'ai', '--search', '', '--json')).stdout)
    expect(keys).toContainEqual(expect.objectContaining({ served_by: 'memory' }))
    expect((await reprise('explain', 'ai', '--search', '')).stdout).toMatch(/^key +served by +why/)
    expect(await reprise('explain', 'ai')).toMatchObject({ code: 2, stderr: expect.stringContaining('--search') })
    expect(await reprise('explain', 'attic', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('attic') })
  })

  it('clear, cleanup and invalidate remove with a receipt, and all caches only on demand', async () => {
    await say(server.url, 'cleared', 'Hello')
    const receipt = json((await reprise('clear', 'guest', '--json')).stdout)
    expect(receipt).toMatchObject({ caches: [{ cache: 'guest', redis: 'none' }] })
    expect(Number(receipt['removed'])).toBeGreaterThan(0)
    expect(await historyOf(server.url, 'cleared')).toHaveLength(1)
    expect(await reprise('clear')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect((await reprise('clear', '--yes')).stdout).toMatch(/^guest +\d/m)
    expect((await reprise('cleanup', 'ai')).stdout).toMatch(/^ai +0$/m)
    const entries = await reprise('invalidate', '--cache', 'db', '--key', '["user",7]', '--json')
    expect(json(entries.stdout)).toEqual({ caches: [{ cache: 'db', removed: 0, redis: 'none' }], removed: 0 })
    expect((await reprise('invalidate', '--cache', 'all', '--pattern', 'report:*')).stdout).toMatch(/^rag +0/m)
    expect(await reprise('invalidate', '--pattern', 'x')).toMatchObject({ code: 2 })
    expect(await reprise('invalidate', '--cache', 'db')).toMatchObject({ code: 2 })
  })

  it('export and erase serve a guest and a user, with a receipt', async () => {
    await say(server.url, 'leaving', 'one')
    await say(server.url, 'leaving', 'two')
    await say(server.url, 'joining', 'as a guest')
    expect((await migrateTo(server.url, 'joining', 'ann')).status).toBe(200)

    const exported = await reprise('export', '--guest', 'leaving', '--json')
    expect(exported.stdout.trim().split('\n').map(json)).toMatchObject([{ content: 'one' }, { content: 'two' }])
    expect(json(exported.stderr)).toEqual({ guest_id: 'leaving', messages: 2, file: null })
    await reprise('export', '--user', 'ann', '--out', file('ann.jsonl'))
    const conversation = { conversation_id: expect.any(String), content: 'as a guest' }
    expect(json(await readFile(file('ann.jsonl'), 'utf8'))).toMatchObject(conversation)
    const again = await reprise('export', '--user', 'ann', '--out', file('ann.jsonl'))
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') })
    expect(await reprise('export')).toMatchObject({ code: 2 })
    expect(await reprise('export', '--guest', 'a', '--user', 'b')).toMatchObject({ code: 2 })

    expect(await reprise('erase', '--guest', 'leaving')).toMatchObject({ code: 2 })
    expect(await historyOf(server.url, 'leaving')).toHaveLength(2)
    const erased = await reprise('erase', '--guest', 'leaving', '--yes', '--json')
    expect(json(erased.stdout)).toMatchObject({ guest_id: 'leaving', status: 'erased', rows: { message_cache: 2 } })
    expect(await historyOf(server.url, 'leaving')).toEqual([])
    expect((await reprise('erase', '--user', 'ann', '--yes')).stdout).toMatch(/^message_cache +1$/m)
    expect((await reprise('export', '--user', 'ann')).stdout).toBe('')
  })

  it('outbox asks the server that has the embedded database', async () => {
    const settings = { ...key, DATA_DIR: file('data'), PORT: new URL(server.url).port }
    expect(json((await runCli(['outbox', 'list', '--json'], settings)).stdout)).toMatchObject({ dead: 0, items: [] })
    expect(await runCli(['outbox', 'redrive', '--all'], settings)).toMatchObject({ stdout: '0 put back to work\n' })
    expect((await reprise('outbox', 'list')).stdout).toMatch(/^\d+ waiting, 0 set aside\n/)
  })

  it('say what to do where the key is wrong or missing, or nobody answers', async () => {
    await writeFile(file('key'), `${key.ADMIN_API_KEY}\n`)
    expect(await runCli(['stats', ...at])).toMatchObject({ code: 2, stderr: expect.stringContaining('--key-file') })
    expect(await runCli(['stats', ...at, '--key-file', file('key')])).toMatchObject({ code: 0 })
    expect(await runCli(['stats', ...at, '--key-file', file('none')])).toMatchObject({ code: 2 })
    const wrong = await runCli(['stats', ...at], { ADMIN_API_KEY: 'another' })
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('The admin key is wrong') })
    const nobody = await runCli(['stats', '--url', 'http://127.0.0.1:1'])
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('reprise serve') })
    const stranger = await runCli(['stats', '--url', model.url])
    expect(stranger.code).toBe(2)
  })
})
