import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { dashboardRoutes } from '../../src/dashboard/dashboard-routes.ts'
import { problemAnswer, repriseErrorOf } from '../../src/http/problem.ts'

const script = 'console.log(1)\n'.repeat(50)

describe('the files of the dashboard', () => {
  let directory: Awaited<ReturnType<typeof privateDirectory>>
  beforeAll(async () => {
    directory = await privateDirectory('page')
    await mkdir(join(directory.path, 'assets'))
    await writeFile(join(directory.path, 'index.html'), '<title>page</title>')
    await writeFile(join(directory.path, 'secret.json'), '{}')
    const file = join(directory.path, 'assets/main-1a2b.js')
    await writeFile(file, script)
    await writeFile(`${file}.br`, brotliCompressSync(script))
    await writeFile(`${file}.gz`, gzipSync(script))
  })
  afterAll(() => directory[Symbol.asyncDispose]())

  function serverOver(path: string) {
    const server = fastify()
    server.setErrorHandler((error, _, reply) => {
      const { status, body } = problemAnswer(repriseErrorOf(error), 'id')
      reply.code(status).send(body)
    })
    dashboardRoutes(server, path)
    return server
  }
  const ask = (url: string, encoding?: string) =>
    serverOver(directory.path).inject({ url, headers: encoding === undefined ? {} : { 'accept-encoding': encoding } })

  test('E3 /admin/cache and all places below it are the page, under a policy that knows no other host', async () => {
    for (const url of ['/admin/cache', '/admin/cache/', '/admin/cache/caches/ai', '/admin/cache/conversations/a%2Fb']) {
      const { statusCode, headers, body } = await ask(url)
      expect([url, statusCode, body]).toEqual([url, 200, '<title>page</title>'])
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
      expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
    }
  })

  test('files are sent as the client takes them, and kept for a year', async () => {
    const url = '/admin/cache/assets/main-1a2b.js'
    for (const [accepted, encoding, body] of [
      ['gzip, deflate, br', 'br', brotliCompressSync(script)],
      ['gzip;q=0.5, br;q=0', 'gzip', gzipSync(script)],
      ['identity', undefined, Buffer.from(script)],
      [undefined, undefined, Buffer.from(script)],
    ] as const) {
      const answer = await ask(url, accepted)
      expect([accepted, answer.headers['content-encoding']]).toEqual([accepted, encoding])
      expect(answer.rawPayload.equals(body)).toBe(true)
      expect(answer.headers).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
      })
    }
  })

  test('nothing else is read from the disk', async () => {
    for (const path of [
      'assets/old-9f.js',
      'assets/',
      'secret.json',
      '../package.json',
      '..%2fpackage.json',
      'a/../../x.js',
    ]) {
      expect([path, (await ask(`/admin/cache/${path}`)).statusCode]).toEqual([path, 404])
    }
  })

  test('a server whose page was not built says how to build it', async () => {
    const answer = await serverOver(join(directory.path, 'none')).inject('/admin/cache')
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'route_unknown'])
    expect(answer.json().detail).toContain('npm run build')
  })
})
