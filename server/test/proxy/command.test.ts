import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { repriseMain } from '../../../testbed/servers/reprise.ts'
import { runCli } from '../cli/run-cli.ts'

test('D5 reprise proxy serves until it is asked to stop', async () => {
  let asked = 0
  const origin = createServer((_request, response) => {
    asked += 1
    response.end(`answer ${asked}`)
  })
  await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const flags = ['--upstream', upstream, '--port', '0', '--default-ttl', '1m', '--cache-path', '/kept/*']
  const proxy = spawn(process.execPath, [repriseMain, 'proxy', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [greeting] = await once(proxy.stdout, 'data')
    const [, url] = /^Reprise listens on (\S+), in front of /.exec(String(greeting)) ?? []
    const text = async (path: string) => (await fetch(url + path)).text()
    expect([await text('/kept/a'), await text('/kept/a')]).toEqual(['answer 1', 'answer 1'])
    expect([await text('/other'), await text('/other')]).toEqual(['answer 2', 'answer 3'])
    proxy.kill('SIGTERM')
    const [code] = await once(proxy, 'exit')
    expect(code).toBe(0)
  } finally {
    proxy.kill('SIGKILL')
    origin.closeAllConnections()
    origin.close()
  }
})

test('D5 reprise proxy shows metrics on a port of their own, and keeps nothing with ENABLE_CACHE=false', async () => {
  let asked = 0
  const origin = createServer((_request, response) => {
    asked += 1
    response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`answer ${asked}`)
  })
  await new Promise<void>(resolve => origin.listen(0, '127.0.0.1', resolve))
  const upstream = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const flags = [repriseMain, 'proxy', '--upstream', upstream, '--port', '0', '--metrics-port', '0']
  const run = (env: Record<string, string>) =>
    spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  const proxies = [run({}), run({ ENABLE_CACHE: 'false' })]
  try {
    const told = await Promise.all(proxies.map(proxy => greeting(proxy.stdout)))
    const [caching = '', passing = ''] = told.map(text => /listens on (\S+),/.exec(text)?.[1])
    const [metrics = ''] = told.map(text => /Metrics are at (\S+)/.exec(text)?.[1])
    const text = async (url: string) => (await fetch(url)).text()
    expect([await text(`${caching}/a`), await text(`${caching}/a`)]).toEqual(['answer 1', 'answer 1'])
    expect([await text(`${passing}/a`), await text(`${passing}/a`)]).toEqual(['answer 2', 'answer 3'])
    const lines = (await text(metrics)).split('\n')
    expect(lines).toContain('reprise_http_cache_requests_total{outcome="hit"} 1')
    expect(lines).toContain('reprise_http_cache_requests_total{outcome="forwarded"} 1')
    expect(lines).toContain('reprise_http_cache_stored_total 1')
    expect(lines).toContain('reprise_http_cache_stored_bytes_total 8')
    expect((await fetch(new URL('/other', metrics))).status).toBe(404)
  } finally {
    for (const proxy of proxies) proxy.kill('SIGKILL')
    origin.closeAllConnections()
    origin.close()
  }
})

/** What a proxy tells at its start. */
async function greeting(stdout: NodeJS.ReadableStream): Promise<string> {
  let told = ''
  for await (const chunk of stdout) {
    told += String(chunk)
    if (told.includes('Metrics are at') && told.endsWith('\n')) break
  }
  return told
}

test('D5 reprise proxy refuses what cannot be meant', async () => {
  expect(await runCli(['proxy'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--upstream') })
  expect(await runCli(['proxy', '--upstream', 'ftp://x'])).toMatchObject({ code: 2 })
  const withoutPaths = ['proxy', '--upstream', 'http://127.0.0.1:1', '--port', '0', '--default-ttl', '1m']
  expect(await runCli(withoutPaths)).toMatchObject({
    code: expect.any(Number),
    stderr: expect.stringContaining('cachePaths'),
  })
})
