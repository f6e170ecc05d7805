import { afterAll, beforeAll, it } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../../testbed/servers/redis.ts'
import { allPromises } from '../promises/all.ts'
import type { World } from '../promises/scenario.ts'
import { remoteCache } from './remote-cache.ts'
import { RemoteProcess } from './remote-process.ts'

/** Makes caches in processes by turns; all clocks go together. */
function world(processes: readonly RemoteProcess[], name: string): World {
  const made: { readonly process: RemoteProcess; readonly cache: number }[] = []
  return {
    processes: processes.length,
    cache: async options => {
      const process = processes[made.length % processes.length]
      if (process === undefined) throw new Error('There is no process.')
      lastCache += 1
      const cache = lastCache
      made.push({ process, cache })
      await process.make(cache, { name, ...options })
      return remoteCache(process, { cache, namespaces: [] })
    },
    pass: async ms => {
      await Promise.all(processes.map(process => process.request({ kind: 'advance', ms })))
    },
    close: async () => {
      await Promise.all(made.map(({ process, cache }) => process.request({ kind: 'close', cache })))
    },
  }
}

let lastCache = 0

for (const count of [2, 4]) {
  describeWith(['redis-server'], `${count} processes on one Redis`, () => {
    let server: RedisServer
    let processes: readonly RemoteProcess[] = []
    beforeAll(async () => {
      server = await startRedis()
      const startMs = Date.now()
      processes = Array.from({ length: count }, () => new RemoteProcess(server.url, startMs))
    })
    afterAll(async () => {
      for (const process of processes) await process.end()
      await server?.stop()
    })

    for (const [index, scenario] of allPromises.entries()) {
      // Copies of objects come from other processes; and with four, what one process does alone was played with two.
      if (scenario.isAboutObjects || scenario.processes < count / 2) continue
      it(scenario.name, async () => {
        const around = world(processes, `world ${index}`)
        try {
          await scenario.play(around)
        } finally {
          await around.close()
        }
      })
    }
  })
}
