import { setTimeout as sleep } from 'node:timers/promises'
import { libraryOf } from './libraries.ts'
import type { CacheUnderTest, Setting } from './library.ts'
import { opened } from './opened.ts'

/** What the other process is asked to do. */
export type Order =
  | { readonly do: 'open'; readonly library: string; readonly setting: Setting }
  | { readonly do: 'get'; readonly key: string }
  | { readonly do: 'getMany'; readonly keys: readonly string[] }
  | { readonly do: 'set'; readonly keys: readonly string[]; readonly value: unknown; readonly tags: readonly string[] }
  /** Loads the value that the source has when the loader begins. */
  | { readonly do: 'load'; readonly key: string; readonly loadMs: number; readonly tags: readonly string[] }
  /** Reads through into memory, which a plain read may not do. */
  | { readonly do: 'hold'; readonly keys: readonly string[] }
  | { readonly do: 'source'; readonly value: unknown }
  | { readonly do: 'delete'; readonly keys: readonly string[] }
  | { readonly do: 'clear' }
  | { readonly do: 'invalidateTags'; readonly tags: readonly string[] }
  /** Reads until the value is another one, and answers when that was. */
  | { readonly do: 'watch'; readonly key: string; readonly value: unknown; readonly limitMs: number }

const together = 200
let cache: CacheUnderTest | undefined
let source: unknown

process.on('message', ({ id, order }: { readonly id: number; readonly order: Order }) => {
  carryOut(order).then(
    result => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit())

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'open':
      cache = await opened(await libraryOf(order.library), order.setting)
      return
    case 'source':
      source = order.value
      return
    case 'get':
      return present().get(order.key)
    case 'getMany':
      return each(order.keys, key => present().get(key))
    case 'set':
      await each(order.keys, key => present().set(key, order.value, order.tags))
      return
    case 'load':
      return present().load?.(order.key, () => loader(order.loadMs), order.tags)
    case 'hold':
      await each(order.keys, async key => present().load?.(key, () => loader(0), []))
      return
    case 'delete':
      await each(order.keys, key => present().delete(key))
      return Date.now()
    case 'clear':
      return present().clear?.()
    case 'invalidateTags':
      return present().invalidateTags?.(order.tags)
    case 'watch':
      return watch(order.key, order.value, order.limitMs)
  }
}

async function loader(loadMs: number): Promise<unknown> {
  const value = source
  await sleep(loadMs)
  return value
}

async function watch(key: string, value: unknown, limitMs: number): Promise<number | undefined> {
  const until = Date.now() + limitMs
  while (Date.now() < until) {
    if ((await present().get(key)) !== value) return Date.now()
    await new Promise(resolve => setImmediate(resolve))
  }
  return undefined
}

async function each<Result>(keys: readonly string[], work: (key: string) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < keys.length; at += together) {
    results.push(...(await Promise.all(keys.slice(at, at + together).map(work))))
    // Whoever answers from memory alone would leave sockets no turn.
    await new Promise(resolve => setImmediate(resolve))
  }
  return results
}

function present(): CacheUnderTest {
  if (cache === undefined) throw new Error('nothing is open')
  return cache
}
