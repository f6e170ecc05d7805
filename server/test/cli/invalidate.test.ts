import { describe, expect, it } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { startModelServer } from '../../src/demo/model-server.ts'
import { post } from '../http/exchange.ts'
import { runCli } from './run-cli.ts'

describe('reprise invalidate', () => {
  it('forgets the answers of all callers at a running server, with the admin key alone', async () => {
    const model = await startModelServer()
    const environment = { ADMIN_API_KEY: 'the admin key' }
    await using server = await startReprise({ UPSTREAM_BASE_URL: model.url, ...environment })
    const ask = async (key: string) => {
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Forget me.' }] }
      const headers = { authorization: `Bearer ${key}`, 'x-reprise-tags': 'faq' }
      const answer = await post(`${server.url}/v1/chat/completions`, body, headers)
      await answer.arrayBuffer()
      return answer.headers.get('x-reprise-cache')
    }
    for (const key of ['sk-a', 'sk-b']) await ask(key)
    for (const key of ['sk-a', 'sk-b']) expect(await ask(key)).toBe('hit')

    const args = ['invalidate', '--url', server.url, '--tag', 'faq']
    expect(await runCli(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('ADMIN_API_KEY') })
    expect(await ask('sk-a')).toBe('hit')
    expect(await runCli([...args, '--model', 'another'], environment)).toMatchObject({ code: 0 })
    const { code, stdout } = await runCli([...args, '--json'], environment)
    expect([code, typeof JSON.parse(stdout).removed]).toEqual([0, 'number'])
    for (const key of ['sk-a', 'sk-b']) expect(await ask(key)).toBe('miss')
    await model.close()
  })

  it('says what to do where no server answers, or nothing is named', async () => {
    const nowhere = await runCli(['invalidate', '--url', 'http://127.0.0.1:1', '--tag', 'faq'])
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('--url') })
    await using server = await startReprise()
    const all = await runCli(['invalidate', '--url', server.url])
    expect(all).toMatchObject({ code: 2, stderr: expect.stringContaining('older_than') })
  })
})
