import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

/** Runs a program of its own, and answers what it printed and how long it took. */
async function program(text: string): Promise<{ printed: string; tookMs: number }> {
  const startedAt = performance.now()
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { timeout: 20_000 })
  return { printed: stdout.trim(), tookMs: performance.now() - startedAt }
}

it('importing starts nothing', async () => {
  const { printed } = await program(`
    import 'reprise'
    console.log(process.getActiveResourcesInfo().filter(name => !/^(Pipe|TTY|FS|Immediate|CloseReq)/.test(name)).length)`)
  expect(printed).toBe('0')
})

it('a program that used a cache and did not close it ends by itself', async () => {
  const { printed, tookMs } = await program(`
    import { createCache } from 'reprise'
    import { inProcessTier } from 'reprise/memory-copies'
    for (const redis of [undefined, inProcessTier()]) {
      const cache = createCache({ name: 'app', redis, ttl: '1h', grace: '1h', earlyRefresh: true })
      await cache.getOrSet('k', async () => 1)
      await cache.set('m', new Map([[1, 2]]), { tags: ['t'] })
      await cache.invalidateTags(['t'])
      await cache.getOrSet('k', () => 2)
    }
    console.log('done')`)
  expect(printed).toBe('done')
  expect(tookMs).toBeLessThan(5_000)
})

it('a rejected call that nobody waits for is the only one that ends a program', async () => {
  const { printed } = await program(`
    import { createCache } from 'reprise'
    const cache = createCache({ name: 'app', ttl: 1, grace: '1h' })
    await cache.getOrSet('k', () => 1)
    await new Promise(resolve => setTimeout(resolve, 5))
    const stale = await cache.getOrSet('k', async () => { throw new Error('behind the answer') })
    const slow = cache.getOrSet('slow', () => new Promise((_, reject) => setTimeout(reject, 50, new Error('too late'))), { deadline: 10 })
    const code = await slow.catch(error => error.code)
    await new Promise(resolve => setTimeout(resolve, 100))
    console.log(stale, code)`)
  expect(printed).toBe('1 deadline_exceeded')
})

it('a call that somebody waits for keeps the program alive until it is answered', async () => {
  const { printed } = await program(`
    import { createCache } from 'reprise'
    const never = () => new Promise(() => {})
    const store = { name: 'stalled', readLimitMs: 100, writeLimitMs: 100, read: never, fences: never, write: never, remove: never,
      marks: never, renewMarks: never, scan: never, life: never }
    const redis = { store, leases: { acquire: never }, use: () => async () => {} }
    const cache = createCache({ name: 'app', redis })
    console.log(await cache.get('k'), (await cache.delete('k')).redis, await cache.getOrSet('k', () => 'loaded'))
    const hanging = cache.getOrSet('h', never, { deadline: 200 })
    console.log(await hanging.catch(error => error.code))`)
  expect(printed).toBe('undefined queued loaded\ndeadline_exceeded')
})
