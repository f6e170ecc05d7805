import assert from 'node:assert/strict'
import { type CallOptions, createCache } from 'reprise'
import { describe, it } from 'vitest'

const cache = createCache({ name: 'app' })

/** Bad input is what the types forbid. */
function bad(value: unknown): never {
  return value as never
}

describe('bad input is refused by an error that says what to do', () => {
  const keys: readonly unknown[] = [
    '',
    [],
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    {},
    [undefined],
    ['user', {}],
    Symbol('k'),
    new Date(),
    nested(20),
  ]
  for (const key of keys) {
    it(`invalid_key: ${describeKey(key)}`, async () => {
      const refused = { name: 'RepriseError', code: 'invalid_key', message: /A key is a text/ }
      await assert.rejects(cache.get(bad(key)), refused)
      await assert.rejects(
        cache.getOrSet(bad(key), () => 1),
        refused,
      )
      await assert.rejects(cache.set(bad(key), 1), refused)
      await assert.rejects(cache.delete(bad(key)), refused)
      await assert.rejects(cache.getMany(['fine', bad(key)]), refused)
    })
  }

  const calls: readonly (readonly [unknown, RegExp])[] = [
    [{ ttl: -1 }, /ttl is -1/],
    [{ ttl: 'soon' }, /ttl is "soon".*"10m"/],
    [{ ttl: 0 }, /ttl must be longer than 0/],
    [{ ttl: Number.NaN }, /ttl is NaN/],
    [{ grace: '-5m' }, /grace/],
    [{ deadline: 0 }, /deadline/],
    [{ loaderTimeout: '1 parsec' }, /loaderTimeout/],
    [{ ttl: 1e15 }, /a hundred years at most/],
    [{ jitter: 2 }, /jitter must be a share/],
    [{ tags: 'user:7' }, /tags must be a list/],
    [{ tags: [''] }, /tags must be .*, not an empty text/],
    [{ tags: Array.from({ length: 100 }, (_, index) => `${index}`) }, /at most 64/],
    [{ earlyRefresh: 'yes' }, /earlyRefresh/],
    [{ skipMemory: 1 }, /skipMemory must be true or false/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ tll: '1m' }, /no option "tll". Did you mean "ttl"\?/],
    [{ loaderTimout: 1 }, /Did you mean "loaderTimeout"\?/],
    [{ zzz: 1 }, /It has ttl, grace/],
    [null, /must be an object, not null/],
    ['10m', /must be an object/],
  ]
  for (const [options, message] of calls) {
    it(`invalid_option in a call: ${JSON.stringify(options)?.slice(0, 60)}`, async () => {
      const refused = { code: 'invalid_option', message }
      await assert.rejects(
        cache.getOrSet('k', () => 1, bad(options)),
        refused,
      )
      await assert.rejects(cache.set('k', 1, bad(options) satisfies CallOptions), refused)
      assert.equal(await cache.has('k'), false)
    })
  }

  const makes: readonly (readonly [unknown, RegExp])[] = [
    [{}, /name/],
    [{ name: '' }, /name/],
    [undefined, /must be an object/],
    [{ name: 'x', memory: { maxEntries: 0 } }, /maxEntries/],
    [{ name: 'x', memory: { maxBytes: 0 } }, /maxBytes/],
    [{ name: 'x', memory: { maxBytes: 'much' } }, /maxBytes/],
    [{ name: 'x', memory: { maxItems: 5 } }, /no option "maxItems"/],
    [{ name: 'x', memory: { maxEntries: 1, maxBytes: 1 } }, /max/],
    [{ name: 'x', memory: { maxEntries: 1, policy: 'mru' } }, /policy/],
    [{ name: 'x', memory: false }, /memory must be given/],
    [{ name: 'x', redis: 'redis://localhost' }, /redis must be a shared tier/],
    [{ name: 'x', ttl: '1y' }, /ttl/],
    [{ name: 'x', memroy: {} }, /Did you mean "memory"\?/],
  ]
  for (const [options, message] of makes) {
    it(`invalid_option of a cache: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createCache(bad(options)), { code: 'invalid_option', message })
    })
  }

  it('invalid_loader: no function, a batch of another length', async () => {
    await cache.set('there', 1)
    for (const loader of [undefined, null, 'value', Promise.resolve(1)]) {
      await assert.rejects(cache.getOrSet('k', bad(loader)), { code: 'invalid_loader' })
      await assert.rejects(cache.getOrSet('there', bad(loader)), { code: 'invalid_loader' })
      await assert.rejects(cache.getOrSetMany(['k'], bad(loader)), { code: 'invalid_loader' })
    }
    const short = { code: 'invalid_loader', message: /2 values in their order/ }
    await assert.rejects(
      cache.getOrSetMany(['a', 'b'], () => [1]),
      short,
    )
    await assert.rejects(
      cache.getOrSetMany(['a', 'b'], () => bad({ a: 1 })),
      short,
    )
  })

  it('refuses lists, listeners, patterns and events that are none', async () => {
    await assert.rejects(cache.getMany(bad('key')), { code: 'invalid_option' })
    await assert.rejects(cache.deleteMany(bad(undefined)), { code: 'invalid_option' })
    await assert.rejects(cache.invalidateTags(bad('t')), { code: 'invalid_option' })
    await assert.rejects(cache.invalidatePattern(bad('')), { code: 'invalid_option' })
    await assert.rejects(cache.warm(bad(7)), { code: 'invalid_option' })
    for (const entries of [undefined, { a: 1 }, 'ab', 7, [['a', 1], 'b']]) {
      await assert.rejects(cache.setMany(bad(entries)), { code: 'invalid_option', field: 'entries' })
    }
    assert.throws(() => cache.on(bad('hits'), () => {}), { code: 'invalid_option' })
    assert.throws(() => cache.on('hit', bad(undefined)), { code: 'invalid_option' })
    assert.throws(() => cache.namespace(''), { code: 'invalid_option' })
    assert.throws(() => cache.namespace('n', bad({ signal: 1 })), { code: 'invalid_option' })
  })

  it('a listener that throws harms nobody', async () => {
    const end = cache.on('set', () => {
      throw new Error('a faulty listener')
    })
    assert.deepEqual(await cache.set('k', 1), { redis: 'none' })
    end()
  })
})

function nested(depth: number): unknown {
  return depth === 0 ? 'x' : [nested(depth - 1)]
}

function describeKey(key: unknown): string {
  return typeof key === 'symbol' ? 'a symbol' : `${typeof key} ${JSON.stringify(key)?.slice(0, 40)}`
}
