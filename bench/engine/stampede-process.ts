import { setTimeout as sleep } from 'node:timers/promises'
import { createCache } from 'reprise'
import { redis } from 'reprise/redis'

export const callersEach = 2_500
const loaderMs = 200

export interface StampedeResult {
  readonly runs: number
  readonly wrong: number
  readonly slowestMs: number
}

if (process.send !== undefined && import.meta.main) await serve(process.argv[2] ?? '')

/** Says that it is ready, then answers each key that it is told by a crowd's results. */
async function serve(url: string): Promise<void> {
  const cache = createCache({ name: 'bench', redis: redis({ url }) })
  process.once('disconnect', () => process.exit())
  process.on('message', async (key: string) => {
    let runs = 0
    const loader = async () => {
      runs += 1
      await sleep(loaderMs)
      return key
    }
    const startedAt = performance.now()
    const values = await Promise.all(Array.from({ length: callersEach }, () => cache.getOrSet(key, loader)))
    const wrong = values.filter(value => value !== key).length
    process.send?.({ runs, wrong, slowestMs: performance.now() - startedAt })
  })
  while (cache.stats().bus !== 'listening') await sleep(20)
  process.send?.('ready')
}
