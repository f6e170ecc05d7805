import assert from 'node:assert/strict'
import { type CacheKey, cacheKey, type Key } from '../base/key.ts'
import { keyPrefix, namespaceMark, namespacePath, tagMark } from '../base/namespace-path.ts'
import { randomMark } from '../base/random-mark.ts'
import type { KeyFence, KeyGlob, Mark, Store, StoreReading } from '../ports/store.ts'
import { noFence } from '../ports/store.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/** An empty store, with what a test needs around it. */
export interface StoreHarness {
  readonly store: Store
  /** The same store as another process sees it. */
  readonly other: Store
  /** The present, as the store's slots see it. */
  now(): number
  /** Lets this much time pass for the store. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const minute = 60_000
const path = namespacePath('suite')
const prefix = keyPrefix(path)
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytesOf = (text: string) => Buffer.from(text)
const key = (given: Key): CacheKey => cacheKey(prefix, given)

/** What every store of caches promises. `open` gives an empty one. */
export function storeSuite(open: () => Promise<StoreHarness>): readonly ContractCase[] {
  const promise = promisesOf(open)

  return [
    promise('answers nothing with the empty fence where nothing was kept', async ({ store }) => {
      assert.deepEqual(await store.read([key('a'), key('b')]), [
        { kind: 'nothing', fence: noFence },
        { kind: 'nothing', fence: noFence },
      ])
      assert.deepEqual(await store.read([]), [])
      assert.deepEqual(await store.remove([], 0), [])
      assert.deepEqual(await store.write([]), [])
    }),
    promise('gives back the bytes of each key, in order, to every process', async ({ store, other, now }) => {
      const keys = ['a', 7, ['a', 7], 'ü€😀', ['x', ['y']], 'a|s1'].map(given => key(given))
      const keepUntil = now() + minute
      await writeAll(
        store,
        keys.map((name, index) => [name, `value ${index}\0\r\n€`]),
        keepUntil,
      )
      const readings = await other.read([...keys].reverse())
      assert.deepEqual(
        readings.map(textIn).reverse(),
        keys.map((_, index) => `value ${index}\0\r\n€`),
      )
    }),
    promise('keeps large entries and many of them', async ({ store, other, now }) => {
      const large = 'x'.repeat(2_000_000)
      await writeAll(store, [[key('large'), large]], now() + minute)
      assert.equal(textIn((await other.read([key('large')]))[0]), large)
      const many = Array.from({ length: 2_500 }, (_, index) => key(['many', index]))
      await writeAll(
        store,
        many.map((name, index) => [name, `${index}`]),
        now() + minute,
      )
      const readings = await other.read(many)
      assert.ok(readings.every((reading, index) => textIn(reading) === `${index}`))
    }),
    promise(
      'plants a fence where nothing is, one for all who ask, and tells the fence that is there',
      async harness => {
        const { store, other, now } = harness
        const ask = async (from: Store, ...names: CacheKey[]) => from.fences(names, now() + minute)
        await writeAll(store, [[key('kept'), 'kept']], now() + minute)
        await store.remove([key('removed')], now() + minute)
        const known = await Promise.all([fenceOf(store, key('kept')), fenceOf(store, key('removed'))])
        const [[first], [second]] = await Promise.all([ask(store, key('a')), ask(other, key('a'), key('b'))])
        assert.ok(typeof first === 'string' && first !== noFence)
        assert.equal(first, second)
        assert.deepEqual(await store.read([key('a')]), [{ kind: 'nothing', fence: first }])
        assert.deepEqual(await ask(other, key('kept'), key('a'), key('removed')), [known[0], first, known[1]])
        assert.equal(textIn((await store.read([key('kept')]))[0]), 'kept')
        assert.deepEqual(await store.fences([], 0), [])
      },
    ),
    promise('keeps a fill whose fence still is the slot’s', async ({ store, other, now }) => {
      const [planted] = await store.fences([key('a')], now() + minute)
      assert.ok(typeof planted === 'string')
      assert.equal(await fill(store, key('a'), 'one', planted, now()), 'stored')
      assert.equal(await fill(other, key('a'), 'two', planted, now()), 'stored')
      assert.equal(textIn((await store.read([key('a')]))[0]), 'two')
    }),
    promise('keeps a fill of the empty fence only where nothing is, under a fence of its own', async harness => {
      const { store, other, now } = harness
      assert.equal(await fill(store, key('a'), 'one', noFence, now()), 'stored')
      assert.notEqual(await fenceOf(other, key('a')), noFence)
      assert.equal(await fill(other, key('a'), 'two', noFence, now()), 'fenced')
      await store.fences([key('b')], now() + minute)
      assert.equal(await fill(other, key('b'), 'late', noFence, now()), 'fenced')
    }),
    promise('refuses a fill whose fence was forgotten or removed', async ({ store, other, now, pass }) => {
      const [brief] = await store.fences([key('a')], now() + 300)
      const [removed] = await store.fences([key('b')], now() + minute)
      assert.ok(typeof brief === 'string' && typeof removed === 'string')
      assert.deepEqual(await other.remove([key('b')], now() + minute), [{ kind: 'absent' }])
      await pass(400)
      assert.equal(await fill(store, key('a'), 'late', brief, now()), 'fenced')
      assert.equal(await fill(store, key('b'), 'late', removed, now()), 'fenced')
    }),
    promise(
      'refuses a fill when the key was removed meanwhile, also where nothing was',
      async ({ store, other, now }) => {
        assert.deepEqual(await other.remove([key('a')], now() + minute), [{ kind: 'absent' }])
        assert.equal(await fill(store, key('a'), 'old', noFence, now()), 'fenced')
        assert.equal((await store.read([key('a')]))[0]?.kind, 'nothing')
      },
    ),
    promise('leaves another fence at each removal, and lets fills of that fence in', async ({ store, other, now }) => {
      await writeAll(store, [[key('a'), 'one']], now() + minute)
      assert.deepEqual(await store.remove([key('a'), key('b')], now() + minute), [
        { kind: 'removed' },
        { kind: 'absent' },
      ])
      const first = await fenceOf(other, key('a'))
      await other.remove([key('a')], now() + minute)
      const second = await fenceOf(store, key('a'))
      assert.notEqual(first, noFence)
      assert.notEqual(first, second)
      assert.equal(await fill(store, key('a'), 'late', first, now()), 'fenced')
      assert.equal(await fill(other, key('a'), 'new', second, now()), 'stored')
      assert.equal(textIn((await store.read([key('a')]))[0]), 'new')
    }),
    promise('remembers the fence under an entry: fills that began before a removal stay out', async harness => {
      const { store, other, now } = harness
      await store.remove([key('a')], now() + minute)
      const fence = await fenceOf(store, key('a'))
      assert.equal(await fill(store, key('a'), 'new', fence, now()), 'stored')
      assert.equal(await fill(other, key('a'), 'from before', noFence, now()), 'fenced')
      assert.equal(await fenceOf(other, key('a')), fence)
      assert.equal(await fill(other, key('a'), 'newer', fence, now()), 'stored')
    }),
    promise('gives an unfenced write a fence of its own', async ({ store, other, now }) => {
      await writeAll(store, [[key('a'), 'set']], now() + minute)
      const fence = await fenceOf(other, key('a'))
      assert.notEqual(fence, noFence)
      assert.equal(await fill(other, key('a'), 'from before', noFence, now()), 'fenced')
      await writeAll(other, [[key('a'), 'set again']], now() + minute)
      assert.equal(await fill(store, key('a'), 'from before', fence, now()), 'fenced')
      assert.equal(textIn((await store.read([key('a')]))[0]), 'set again')
    }),
    promise('forgets slots, entries and tombstones alike, at their time', async ({ store, now, pass }) => {
      await writeAll(store, [[key('a'), 'short']], now() + 300)
      await store.remove([key('b')], now() + 300)
      await writeAll(store, [[key('c'), 'long']], now() + minute)
      await pass(400)
      assert.deepEqual(await store.read([key('a'), key('b')]), [
        { kind: 'nothing', fence: noFence },
        { kind: 'nothing', fence: noFence },
      ])
      assert.equal(textIn((await store.read([key('c')]))[0]), 'long')
    }),
    promise('lets just one of a removal and a fill win, whatever their order', async ({ store, other, now }) => {
      for (let round = 0; round < 50; round += 1) {
        const name = key(['race', round])
        const fence = await fenceOf(store, name)
        const [outcome] = await Promise.all([
          fill(store, name, 'old', fence, now()),
          other.remove([name], now() + minute),
        ])
        const [reading] = await store.read([name])
        assert.equal(reading?.kind, 'nothing', `${outcome} and removed, but there is an entry`)
      }
    }),
    promise('makes marks where there are none, the same for all who ask', async ({ store, other, now }) => {
      const names = ['a', 'b', 'ü€'].map(tag => tagMark(path, tag))
      const until = now() + minute
      const asked = await Promise.all([store.marks(names, until), other.marks(names, until), store.marks(names, until)])
      assert.deepEqual(asked[0], asked[1])
      assert.deepEqual(asked[0], asked[2])
      assert.equal(new Set(asked[0]).size, 3)
      assert.ok(asked[0].every(mark => typeof mark === 'string' && mark.length >= 8))
    }),
    promise('sets new marks, for all who ask afterwards', async ({ store, other, now }) => {
      const [tag, namespace] = [tagMark(path, 'a'), namespaceMark(path)]
      await store.marks([tag, namespace], now() + minute)
      const renewals = [tag, namespace].map(name => ({ name, mark: randomMark() as Mark }))
      const outcomes = await store.renewMarks(renewals, now() + minute)
      assert.deepEqual(outcomes, [{ kind: 'renewed' }, { kind: 'renewed' }])
      assert.deepEqual(
        await other.marks([tag, namespace], now() + minute),
        renewals.map(({ mark }) => mark),
      )
    }),
    promise('never shortens the life of a mark, and makes another one of a lost mark', async harness => {
      const { store, now, pass } = harness
      const [short, long] = [tagMark(path, 'short'), tagMark(path, 'long')]
      const before = await store.marks([short, long], now() + 300)
      await store.marks([long], now() + minute)
      await store.marks([long], now() + 300)
      await pass(400)
      const after = await store.marks([short, long], now() + minute)
      assert.equal(after[1], before[1])
      assert.notEqual(after[0], before[0])
    }),
    promise('keeps marks and keys of the same text apart', async ({ store, now }) => {
      await store.marks([namespaceMark(path)], now() + minute)
      await writeAll(store, [[path as string as CacheKey, 'entry']], now() + minute)
      const [mark] = await store.marks([namespaceMark(path)], now() + minute)
      assert.equal(textIn((await store.read([path as string as CacheKey]))[0]), 'entry')
      assert.equal(typeof mark, 'string')
    }),
    promise('finds at least the keys that match a glob', async ({ store, other, now }) => {
      const wanted = Array.from({ length: 300 }, (_, index) => key(['user', index]))
      // Brackets mean nothing in a glob; a backslash makes what follows literal.
      const globs = {
        'suite:[abc]': '[abc]',
        'suite:a\\*b': 'a*b',
        'suite:a\\?b': 'a?b',
        'suite:üs*': 'üser',
        'suite:b?ck*': 'back\\slash',
      }
      const others = Object.values(globs).map(given => key(given))
      await writeAll(
        store,
        [...wanted, ...others].map(name => [name, '1']),
        now() + minute,
      )
      assert.deepEqual(await found(other, 'suite:user:*', wanted), new Set(wanted))
      for (const [place, glob] of Object.keys(globs).entries()) {
        assert.ok((await found(store, glob, others)).has(others[place] as CacheKey), glob)
      }
      assert.deepEqual(await found(store, 'elsewhere:*', [...wanted, ...others]), new Set())
    }),
    promise('ends a scan although all that it finds is removed on the way', async ({ store, now }) => {
      const names = Array.from({ length: 1_000 }, (_, index) => key(['user', index]))
      await writeAll(
        store,
        names.map(name => [name, '1']),
        now() + minute,
      )
      const met = new Set<CacheKey>()
      let steps = 0
      for await (const keys of store.scan('suite:user:*' as KeyGlob)) {
        for (const name of keys) met.add(name)
        if (keys.length > 0) await store.remove(keys, now() + minute)
        steps += 1
        assert.ok(steps < 10 * names.length, 'the scan goes round in circles')
      }
      assert.ok(names.every(name => met.has(name)))
      assert.ok((await store.read(names)).every(({ kind }) => kind === 'nothing'))
    }),
    promise('says that it lives, the same life to everybody', async ({ store, other }) => {
      const life = await store.life()
      assert.ok(life.size > 0)
      for (const text of life.values()) assert.ok(text !== undefined && text.length > 0)
      assert.deepEqual(await other.life(), life)
    }),
  ]
}

async function writeAll(store: Store, entries: readonly (readonly [CacheKey, string])[], keepUntil: number) {
  const outcomes = await store.write(
    entries.map(([name, text]) => ({ key: name, bytes: bytesOf(text), keepUntil, fence: undefined })),
  )
  assert.ok(outcomes.every(({ kind }) => kind === 'stored'))
}

async function fill(store: Store, name: CacheKey, text: string, fence: KeyFence, now: number) {
  const [outcome] = await store.write([{ key: name, bytes: bytesOf(text), keepUntil: now + minute, fence }])
  return outcome?.kind
}

async function fenceOf(store: Store, name: CacheKey): Promise<KeyFence> {
  const [reading] = await store.read([name])
  if (reading === undefined || reading.kind === 'unavailable') assert.fail('the store is away')
  return reading.fence
}

function textIn(reading: StoreReading | undefined): string | undefined {
  return reading?.kind === 'entry' ? textOf(reading.bytes) : undefined
}

/** Which of the candidates a scan finds; it may find others too. */
async function found(store: Store, glob: string, candidates: readonly CacheKey[]): Promise<Set<CacheKey>> {
  const all = new Set<CacheKey>()
  for await (const keys of store.scan(glob as KeyGlob)) for (const name of keys) all.add(name)
  return new Set(candidates.filter(candidate => all.has(candidate)))
}
