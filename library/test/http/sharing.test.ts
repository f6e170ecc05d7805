import { createCache } from 'reprise'
import { type HttpAnswer, HttpCache, type HttpRequest } from 'reprise/http'
import { redis } from 'reprise/redis'
import { describe, expect, it } from 'vitest'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { manualClock } from '../embedded/manual-clock.ts'
import { control, type Part, PlayedOrigin } from './played-origin.ts'

const kept: Part = { headers: [control('max-age=60')] }

function play(...parts: readonly Part[]) {
  const clock = manualClock()
  const cache = new HttpCache({ clock, maxVariants: 3, maxBodyBytes: 1_000 })
  return { clock, cache, origin: new PlayedOrigin(cache, ...parts) }
}

async function textOf({ body }: HttpAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  if (body instanceof Uint8Array) chunks.push(body)
  else if (body !== undefined) for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('D5 collapsed forwarding', () => {
  it('asks the origin once for all who ask meanwhile', async () => {
    const { origin } = play(kept)
    const said = await Promise.all(Array.from({ length: 20 }, () => origin.ask()))
    expect(new Set(said.map(({ text }) => text))).toEqual(new Set(['answer 1']))
    expect(origin.heard).toHaveLength(1)
    expect(said[7]?.headers.get('cache-status')).toMatch(/^reprise; hit; ttl=\d+; collapsed$/)
  })

  it('lets those who ask meanwhile read along while the answer comes', async () => {
    const cache = new HttpCache({ clock: manualClock() })
    const gate = Promise.withResolvers<void>()
    let asked = 0
    async function* slow() {
      yield Buffer.from('begin ')
      await gate.promise
      yield Buffer.from('end')
    }
    const ask = (fields: Record<string, string> = {}) =>
      cache.handle({ method: 'GET', url: 'http://origin.test/long', fields }, async () => {
        asked += 1
        return { status: 200, reason: '', headers: ['Cache-Control', 'max-age=60', 'Vary', 'Foo'], body: slow() }
      })
    const answers = await Promise.all([ask(), ask(), ask()])
    const readers = answers.map(({ body }) => (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]())
    const read = () => Promise.all(readers.map(async reader => String((await reader.next()).value ?? 'nothing')))
    expect(await read()).toEqual(['begin ', 'begin ', 'begin '])
    // Even one who comes in the middle of it, but not one for whom it was not chosen.
    const late = await ask()
    await ask({ foo: 'other' })
    expect(asked).toBe(2)
    await readers[0]?.return?.()
    gate.resolve()
    expect(await read()).toEqual(['nothing', 'end', 'end'])
    expect(await read()).toEqual(['nothing', 'nothing', 'nothing'])
    expect(await textOf(late)).toBe('begin end')
    expect(asked).toBe(2)
  })

  it('lets nobody read along with what was purged meanwhile', async () => {
    const cache = new HttpCache({ clock: manualClock() })
    const gate = Promise.withResolvers<void>()
    let asked = 0
    async function* slow(text: string) {
      yield Buffer.from(text)
      await gate.promise
    }
    const url = 'http://origin.test/long'
    const ask = () =>
      cache.handle({ method: 'GET', url, fields: {} }, async () => {
        asked += 1
        return { status: 200, reason: '', headers: ['Cache-Control', 'max-age=60'], body: slow(`answer ${asked}`) }
      })
    await ask()
    await cache.purgeUrl(url)
    const answer = await ask()
    gate.resolve()
    expect(await textOf(answer)).toBe('answer 2')
  })

  it('goes on at the pace of the slowest past the bound', async () => {
    const cache = new HttpCache({ clock: manualClock(), maxBodyBytes: 10 })
    let given = 0
    async function* long() {
      for (; given < 20; given += 1) yield Buffer.from(`piece ${given};`)
    }
    const ask = () =>
      cache.handle({ method: 'GET', url: 'http://origin.test/long', fields: {} }, async () => {
        return { status: 200, reason: '', headers: ['Cache-Control', 'max-age=60'], body: long() }
      })
    const [first, second] = await Promise.all([ask(), ask()])
    const quick = textOf(first)
    await new Promise(resolve => setImmediate(resolve))
    expect(given).toBeLessThan(5)
    const slow = await textOf(second)
    expect(slow.endsWith('piece 19;')).toBe(true)
    expect(await quick).toBe(slow)
  })

  it('gives nobody what was not meant for all, and remembers not to wait for it', async () => {
    const { origin } = play({ headers: [control('private')] })
    const said = await Promise.all(Array.from({ length: 5 }, () => origin.ask()))
    expect(new Set(said.map(({ text }) => text)).size).toBe(5)
    expect(origin.heard).toHaveLength(5)
  })

  it('shares nothing among those who sent credentials', async () => {
    const { origin } = play({ headers: [control('max-age=60')] })
    const said = await Promise.all([origin.ask({ authorization: 'a' }), origin.ask({ authorization: 'b' })])
    expect(said.map(({ text }) => text)).toEqual(['answer 1', 'answer 2'])
  })

  it('lets those who wait ask for themselves when the first one fails', async () => {
    const { origin } = play({ isAway: true }, kept)
    const [first, second] = await Promise.allSettled([origin.ask(), origin.ask()])
    expect(first.status).toBe('rejected')
    expect(second).toMatchObject({ status: 'fulfilled', value: { text: 'answer 2' } })
  })
})

describe('D5 bodies', () => {
  it('that are longer than the bound pass whole, and are not kept', async () => {
    const body = 'x'.repeat(2_000)
    const { origin } = play({ ...kept, body })
    expect((await origin.ask()).text).toBe(body)
    expect(await origin.ask()).toMatchObject({ text: body, isHit: false })
  })

  it('that are shorter than announced are not kept', async () => {
    const { origin } = play({ headers: [control('max-age=60'), ['Content-Length', '50']], body: 'short' })
    await origin.ask()
    expect((await origin.ask()).isHit).toBe(false)
  })

  it('pass on as they come, and are kept even when the first reader leaves', async () => {
    const cache = new HttpCache({ clock: manualClock() })
    const request: HttpRequest = { method: 'GET', url: 'http://origin.test/long', fields: {} }
    const gate = Promise.withResolvers<void>()
    async function* slow() {
      yield Buffer.from('begin ')
      await gate.promise
      yield Buffer.from('end')
    }
    const headers = ['Cache-Control', 'max-age=60']
    const { body } = await cache.handle(request, async () => ({ status: 200, reason: '', headers, body: slow() }))
    // The first piece is here while the origin still holds the second one back.
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      expect(Buffer.from(chunk).toString()).toBe('begin ')
      break
    }
    gate.resolve()
    const { promise: refused } = Promise.withResolvers<never>()
    const second = await cache.handle(request, () => refused)
    expect(await textOf(second)).toBe('begin end')
  })

  it('are not kept when they were asked for before their URL was invalidated', async () => {
    const cache = new HttpCache({ clock: manualClock() })
    const request: HttpRequest = { method: 'GET', url: 'http://origin.test/raced', fields: {} }
    const gate = Promise.withResolvers<void>()
    let answers = 0
    const forward = async () => {
      answers += 1
      const body = Buffer.from(`answer ${answers}`)
      await gate.promise
      return { status: 200, reason: '', headers: ['Cache-Control', 'max-age=60'], body }
    }
    const early = cache.handle(request, forward)
    await new Promise(resolve => setImmediate(resolve))
    await cache.purgeUrl(request.url)
    gate.resolve()
    expect(Buffer.from((await early).body as Uint8Array).toString()).toBe('answer 1')
    expect(Buffer.from((await cache.handle(request, forward)).body as Uint8Array).toString()).toBe('answer 2')
  })
})

describe('D5 Vary', () => {
  it.each([
    ['accept-language', 'en, de;q=0.5', 'DE;q=0.5 ,en', true],
    ['accept-language', 'en, de;q=0.5', 'de, en;q=0.5', false],
    ['accept-encoding', 'gzip, br', 'br,gzip', true],
    ['foo', '1, 2', '1,2', true],
    ['foo', '1, 2', '2, 1', false],
    ['foo', '"a, b"', '"a,b"', false],
    ['foo', 'a', 'A', false],
  ])('%s: %s serves %s: %s', async (name, first, second, isHit) => {
    const { origin } = play({ headers: [control('max-age=60'), ['Vary', name.toUpperCase()]] })
    await origin.ask({ [name]: first })
    expect((await origin.ask({ [name]: second })).isHit).toBe(isHit)
  })

  it('keeps only so many responses of one URL', async () => {
    const { origin } = play({ headers: [control('max-age=60'), ['Vary', 'Foo']] })
    for (const foo of ['1', '2', '3', '4']) await origin.ask({ foo })
    expect((await origin.ask({ foo: '4' })).isHit).toBe(true)
    expect((await origin.ask({ foo: '2' })).isHit).toBe(true)
    expect((await origin.ask({ foo: '1' })).isHit).toBe(false)
  })
})

describe('D5 purge', () => {
  const tagged = (tags: string): Part => ({ headers: [control('max-age=60'), ['Surrogate-Key', tags]] })

  it('by URL, by prefix however long the URLs are, and by tag', async () => {
    const { cache, origin } = play(tagged('news home'))
    const long = `http://origin.test/list?${'x'.repeat(300)}`
    const urls = ['http://origin.test/list/1', long, 'http://origin.test/other']
    const areHits = async () => Promise.all(urls.map(async url => (await origin.ask({}, { url })).isHit))
    await areHits()
    expect(await areHits()).toEqual([true, true, true])
    await cache.purgeUrl('http://origin.test/list/1')
    expect(await areHits()).toEqual([false, true, true])
    await cache.purgePrefix('http://origin.test/list')
    expect(await areHits()).toEqual([false, false, true])
    await cache.purgePrefix(long.slice(0, 200))
    expect(await areHits()).toEqual([true, false, true])
    await cache.purgeTags(['weather'])
    expect(await areHits()).toEqual([true, true, true])
    await cache.purgeTags(['home'])
    expect(await areHits()).toEqual([false, false, false])
  })

  it('reaches the other processes that share a Redis', async () => {
    await using server = await startRedis()
    const open = () => createCache({ name: 'http', redis: redis({ url: server.url }) })
    const [one, other] = [open(), open()]
    while ((await one.set('probe', 1)).redis !== 'done') await new Promise(resolve => setTimeout(resolve, 20))
    while ((await other.set('probe', 1)).redis !== 'done') await new Promise(resolve => setTimeout(resolve, 20))
    const [here, there] = [new HttpCache({ cache: one }), new HttpCache({ cache: other })]
    const origin = new PlayedOrigin(here, tagged('news'))
    const far = new PlayedOrigin(there, tagged('news'))
    await origin.ask()
    await expect.poll(async () => (await far.ask()).text).toBe('answer 1')
    expect(far.heard.length).toBeLessThanOrEqual(1)
    await here.purgeTags(['news'])
    await expect.poll(async () => (await far.ask()).isHit).toBe(false)
    await one.close()
    await other.close()
  })

  it.each([
    ['url', (http: HttpCache, url: string) => http.purgeUrl(url)],
    ['tags', (http: HttpCache) => http.purgeTags(['news'])],
    ['prefix', (http: HttpCache) => http.purgePrefix('http://origin.test/')],
  ])('by %s fences what another process is fetching', async (_by, purge) => {
    await using server = await startRedis()
    const open = () => createCache({ name: 'http', redis: redis({ url: server.url }) })
    const [one, other] = [open(), open()]
    while ((await one.set('probe', 1)).redis !== 'done') await new Promise(resolve => setTimeout(resolve, 20))
    while ((await other.set('probe', 1)).redis !== 'done') await new Promise(resolve => setTimeout(resolve, 20))
    const [here, there] = [new HttpCache({ cache: one }), new HttpCache({ cache: other })]
    const request: HttpRequest = { method: 'GET', url: 'http://origin.test/a', fields: {} }
    const asked = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const outdated = here.handle(request, async () => {
      asked.resolve()
      await gate.promise
      const headers = ['Cache-Control', 'max-age=60', 'Surrogate-Key', 'news']
      return { status: 200, reason: '', headers, body: Buffer.from('outdated') }
    })
    await asked.promise
    await purge(there, request.url)
    gate.resolve()
    expect(await textOf(await outdated)).toBe('outdated')
    for (const http of [here, there]) {
      const origin = new PlayedOrigin(http, { headers: [control('no-store')] })
      expect(await origin.ask()).toMatchObject({ text: 'answer 1', isHit: false })
    }
    await one.close()
    await other.close()
  })
})

describe('D5 HEAD and unsafe methods', () => {
  it('answers HEAD from what GET left', async () => {
    const { origin } = play({ ...kept, body: 'four' })
    await origin.ask()
    const head = await origin.ask({}, { method: 'HEAD' })
    expect(head).toMatchObject({ isHit: true, text: '' })
    expect(head.headers.get('content-length')).toBe('4')
  })

  it('drops what HEAD shows to be outdated, and renews what it confirms', async () => {
    const etag = (tag: string, age: number): Part => ({ headers: [control(`max-age=${age}`), ['ETag', tag]] })
    const { clock, origin } = play(etag('"a"', 1), etag('"a"', 60), etag('"b"', 60))
    await origin.ask()
    clock.advance(2_000)
    await origin.ask({}, { method: 'HEAD' })
    expect(await origin.ask()).toMatchObject({ text: 'answer 1', isHit: true })
    clock.advance(90_000)
    await origin.ask({}, { method: 'HEAD' })
    expect((await origin.ask()).isHit).toBe(false)
  })

  it('forgets what a successful unsafe request changes, of its own origin alone', async () => {
    const elsewhere = ['Location', 'http://other.test/a'] as const
    const { origin } = play(kept, kept, { headers: [elsewhere, ['Content-Location', '/b']] }, kept)
    const other = 'http://other.test/a'
    const b = 'http://origin.test/b'
    await origin.ask({}, { url: other })
    await origin.ask({}, { url: b })
    await origin.ask({}, { method: 'PATCH' })
    expect((await origin.ask({}, { url: other })).isHit).toBe(true)
    expect((await origin.ask({}, { url: b })).isHit).toBe(false)
  })
})
