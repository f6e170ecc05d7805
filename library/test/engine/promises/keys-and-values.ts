import assert from 'node:assert/strict'
import type { Key } from 'reprise'
import type { Scenario } from './scenario.ts'

/** Keys that were seen to collide somewhere: types, separators, lone surrogates, nesting. */
const twins: readonly Key[] = [
  '7',
  7,
  7n,
  ['7'],
  [7],
  [7n],
  [['7']],
  true,
  'true',
  [true],
  'a:b',
  ['a:b'],
  ['a', 'b'],
  [['a'], 'b'],
  [['a', 'b']],
  ['a', ['b']],
  ['a', '', 'b'],
  ['a:', 'b'],
  ['a', ':b'],
  'a|b',
  'a|',
  'a|s1',
  ['a', '|s1'],
  'a\\b',
  '\ud800',
  '\ud801',
  '\ufffd',
  '\\ud800',
  ['\ud800'],
  '\ud800x',
  'u\ud800',
  'x'.repeat(300),
  `${'x'.repeat(299)}y`,
  ['x'.repeat(300)],
  'é',
  'e\u0301',
  'K',
  '\u212a',
  '%',
  '%25',
  '/',
  'app:k',
  '#t:a',
]

export const keysAndValues: readonly Scenario[] = [
  {
    name: '6 keys: no two of different keys share a value',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      await cache.setMany(twins.map((key, index) => [key, index]))
      assert.deepEqual(
        await cache.getMany(twins),
        twins.map((_, index) => index),
      )
      const spaces = ['a', 'a/b', 'a%002fb', 'A', '\ud800', '\ud801', '%!a'].map(name => cache.namespace(name))
      await Promise.all([...spaces, cache.namespace('a').namespace('b')].map((space, index) => space.set('k', index)))
      const values = await Promise.all([...spaces, cache.namespace('a').namespace('b')].map(space => space.get('k')))
      assert.deepEqual(values, [...values.keys()])
    },
  },
  {
    name: '6 keys: patterns match readable text, in a namespace and below it',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const below = cache.namespace('below')
      await cache.setMany([
        ['user:1', 1],
        [['user', 2], 1],
        [['user', '3'], 1],
        ['other:1', 1],
        ['us*r', 1],
      ])
      await below.set(['user', 4], 1)
      await cache.invalidatePattern('us\\*r')
      assert.equal(await cache.has('us*r'), false)
      await below.invalidatePattern('*:1')
      assert.equal(await cache.has('user:1'), true)
      await cache.invalidatePattern('user:?')
      assert.deepEqual(await cache.getMany(['user:1', ['user', 2], ['user', '3'], 'other:1']), [
        undefined,
        undefined,
        undefined,
        1,
      ])
      assert.equal(await below.has(['user', 4]), false)
    },
  },
  {
    name: '7 what comes out cannot change what is stored: plain data, shared and frozen',
    processes: 1,
    isAboutObjects: true,
    play: async world => {
      const cache = await world.cache()
      const given = { list: [{ n: 1 }], none: undefined, big: 2n ** 70n, ['__proto__']: 1 }
      await cache.set('k', given)
      given.list.push({ n: 2 })
      const got = await cache.get<typeof given>('k')
      assert.deepEqual(got, { list: [{ n: 1 }], none: undefined, big: 2n ** 70n, ['__proto__']: 1 })
      assert.throws(() => got?.list.push({ n: 3 }), TypeError)
      const [first, second] = await Promise.all([1, 2].map(() => cache.getOrSet('shared', async () => ({ n: [1] }))))
      for (const each of [first, second]) assert.throws(() => each?.n.push(2), TypeError)
    },
  },
  {
    name: '7 what comes out cannot change what is stored: everything else, each reader its own',
    processes: 1,
    play: async world => {
      const cache = await world.cache()
      const make = () => ({
        at: new Date(1),
        map: new Map([['a', { n: 1 }]]),
        set: new Set([1]),
        bytes: new Uint8Array([1, 2]),
        floats: new Float32Array([1.5]),
      })
      const outs = await Promise.all([1, 2].map(() => cache.getOrSet('k', async () => make())))
      outs.push(await cache.getOrSet('k', make), await cache.getOrSet('k', make, { skipMemory: true }))
      for (const out of outs) {
        assert.deepEqual(out, make())
        out.at.setTime(9)
        out.map.set('b', { n: 2 })
        const a = out.map.get('a')
        if (a !== undefined) a.n = 9
        out.set.add(2)
        out.bytes[0] = 9
        out.floats[0] = 9
      }
      assert.deepEqual(await cache.get('k'), make())
    },
  },
  {
    name: '7 a value that cannot be stored is refused, by the path to what is wrong, and nothing is kept',
    processes: 1,
    isAboutObjects: true,
    play: async world => {
      const cache = await world.cache()
      class Account {}
      const message = {
        code: 'not_encodable',
        field: 'value.users[1].account',
        message: /value\.users\[1\]\.account is an instance of Account/,
      }
      const value = { users: [{}, { account: new Account() }] }
      await assert.rejects(cache.set('k', value), message)
      await assert.rejects(
        cache.getOrSet('k', () => value),
        message,
      )
      await assert.rejects(cache.set('k', undefined), { code: 'not_encodable' })
      assert.equal(await cache.has('k'), false)
      assert.equal(
        await cache.getOrSet('k', ({ skipStore }) => {
          skipStore()
          return value
        }),
        value,
      )
    },
  },
]
