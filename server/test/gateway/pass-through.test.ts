import { describe, expect, it } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { expectProblem, jsonOf, post, rawExchange } from '../http/exchange.ts'
import { startEchoUpstream } from './echo-upstream.ts'

describe('what is passed through', () => {
  it('goes on as it came, with the caller’s key, and comes back as it was answered', async () => {
    await using upstream = await startEchoUpstream()
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: `${upstream.url}/v1` })
    const headers = { authorization: 'Bearer sk-caller', connection: 'keep-alive, x-hop', 'x-hop': '1' }
    const listed = await fetch(`${reprise.url}/v1/models?limit=2`, { headers })
    expect(await jsonOf(listed)).toEqual({ method: 'GET', path: '/v1/models?limit=2', body: '' })
    expect(listed.headers.get('x-reprise-cache')).toBe('bypass')
    expect(listed.headers.get('x-request-id')).not.toBe('of-the-upstream')
    expect(listed.headers.get('x-upstream-request-id')).toBe('of-the-upstream')
    expect(upstream.seen[0]?.headers.authorization).toBe('Bearer sk-caller')
    expect(upstream.seen[0]?.headers.host).toBe(new URL(upstream.url).host)

    const text = '{ "input":   "kept as written", "n": 1.0 }'
    const moderated = await post(`${reprise.url}/v1/moderations`, text, { 'x-reprise-ttl': '5m' })
    expect(await jsonOf(moderated)).toMatchObject({ method: 'POST', path: '/v1/moderations', body: text })
    expect(upstream.seen[1]?.headers['x-reprise-ttl']).toBeUndefined()
    const file = await fetch(`${reprise.url}/v1/files/file-1/content`, { method: 'DELETE' })
    expect(await jsonOf(file)).toMatchObject({ method: 'DELETE', path: '/v1/files/file-1/content' })
  })

  it('keeps the server’s own paths to itself', async () => {
    await using upstream = await startEchoUpstream()
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url })
    await expectProblem(await fetch(`${reprise.url}/v1/guest/nothing/here`), 404, 'route_unknown')
    await expectProblem(await fetch(`${reprise.url}/v1/guest/chat/g`, { method: 'PUT' }), 405, 'method_not_allowed')
    await expectProblem(await fetch(`${reprise.url}/v1/users/ann`), 404, 'route_unknown')
    expect(upstream.seen).toEqual([])
  })

  it('never hands on the admin key, which may use the server’s own', async () => {
    await using upstream = await startEchoUpstream()
    const settings = { UPSTREAM_BASE_URL: upstream.url, UPSTREAM_API_KEY: 'sk-server', ADMIN_API_KEY: 'the admin key' }
    await using reprise = await startReprise(settings)
    await fetch(`${reprise.url}/v1/models`, { headers: { authorization: 'Bearer the admin key' } })
    await fetch(`${reprise.url}/v1/models`, { headers: { 'x-api-key': 'the admin key', 'anthropic-version': '1' } })
    expect(upstream.seen.map(({ headers }) => [headers.authorization, headers['x-api-key']])).toEqual([
      ['Bearer sk-server', undefined],
      [undefined, 'sk-server'],
    ])
  })

  it('lets no path climb out of what the upstream’s address names', async () => {
    await using upstream = await startEchoUpstream()
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: `${upstream.url}/tenants/one/v1` })
    const port = Number(new URL(reprise.url).port)
    for (const path of ['/v1/../../two/v1/files', '/v1/%2e%2e/x', '/v1/a/.%2E/b', '/v1/a/..', '/v1/a\\..\\..\\b']) {
      const head = `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`
      expect([path, await rawExchange(port, head)]).toEqual([path, expect.stringMatching(/^HTTP\/1.1 40[04] /)])
    }
    expect(upstream.seen).toEqual([])
  })

  it('says what to set where there is no upstream, and when one cannot be reached', async () => {
    await using reprise = await startReprise()
    const refused = await expectProblem(await fetch(`${reprise.url}/v1/models`), 503, 'upstream_missing')
    expect(refused.detail).toContain('UPSTREAM_BASE_URL')
    await using astray = await startReprise({ UPSTREAM_BASE_URL: 'http://127.0.0.1:1' })
    await expectProblem(await fetch(`${astray.url}/v1/models`), 502, 'upstream_unreachable')
  })

  it('chooses an upstream by the model, and gives each its own key', async () => {
    await using one = await startEchoUpstream()
    await using other = await startEchoUpstream()
    await using reprise = await startReprise({
      UPSTREAM_BASE_URL: one.url,
      UPSTREAM_API_KEY: 'sk-one',
      UPSTREAMS: JSON.stringify({ other: { baseUrl: `${other.url}/v1`, apiKey: 'sk-other', models: ['claude-'] } }),
    })
    await post(`${reprise.url}/v1/moderations`, { model: 'gpt-5' })
    await post(`${reprise.url}/v1/messages/count_tokens`, { tools: [{ model: 'gpt-5' }], model: 'claude-opus-5' })
    await fetch(`${reprise.url}/v1/models/claude-opus-5`)
    expect(one.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/moderations', 'Bearer sk-one'],
    ])
    expect(other.seen.map(({ path, headers }) => [path, headers['x-api-key'] ?? headers.authorization])).toEqual([
      ['/v1/messages/count_tokens', 'sk-other'],
      ['/v1/models/claude-opus-5', 'Bearer sk-other'],
    ])
  })

  it('hands on each chunk as it comes, and lets the upstream go when the caller goes', async () => {
    await using upstream = await startEchoUpstream((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: one\n\n')
    })
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url })
    const leaving = new AbortController()
    const answer = await fetch(`${reprise.url}/v1/threads/runs`, { method: 'POST', signal: leaving.signal })
    const reader = answer.body?.getReader()
    // The upstream never ends its answer: only a chunk that is not held back arrives.
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: one\n\n')
    leaving.abort()
    await expect.poll(() => upstream.gone).toBe(1)
  })

  it.each(['chat/completions', 'responses', 'messages', 'embeddings'])(
    '/v1/%s: an answer that cannot be read to its end is the upstream’s fault, and is said to be',
    async route => {
      await using upstream = await startEchoUpstream((request, response) => {
        response.setHeader('content-type', 'application/json')
        if (request.headers['x-encoded'] !== undefined) response.setHeader('content-encoding', 'compress')
        response.write('{"id":', () => request.headers['x-silent'] === undefined && response.destroy())
      })
      await using reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url, UPSTREAM_TIMEOUT_SECONDS: '1' })
      const ask = (header: string) => post(`${reprise.url}/v1/${route}`, { model: 'm', input: 'x' }, { [header]: '1' })
      await expectProblem(await ask('x-broken'), 502, 'upstream_broken')
      await expectProblem(await ask('x-encoded'), 502, 'upstream_broken')
      await expectProblem(await ask('x-silent'), 504, 'upstream_timeout')
    },
  )

  it('ends a silent upstream’s call, and hands on a broken answer as broken', async () => {
    await using upstream = await startEchoUpstream((request, response) => {
      if (request.url === '/v1/silent') return
      response.writeHead(200, { 'content-length': '100' })
      response.write('begun', () => response.destroy())
    })
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url, UPSTREAM_TIMEOUT_SECONDS: '1' })
    await expectProblem(await fetch(`${reprise.url}/v1/silent`), 504, 'upstream_timeout')
    await expect(fetch(`${reprise.url}/v1/broken`).then(answer => answer.text())).rejects.toThrow()
  })

  it('streams a body of any size to the upstream while it is sent', async () => {
    await using upstream = await startEchoUpstream((_, response, body) => response.end(`${body.length}`))
    await using reprise = await startReprise({ UPSTREAM_BASE_URL: upstream.url })
    const size = 8 * 1024 * 1024
    const sent = await fetch(`${reprise.url}/v1/files`, { method: 'POST', body: Buffer.alloc(size, 'x') })
    expect(await sent.text()).toBe(`${size}`)
  })
})
