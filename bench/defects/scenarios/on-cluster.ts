import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requireBinary } from '../../../testbed/binaries.ts'
import { startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'
import type { CacheUnderTest, Library } from '../library.ts'
import { opened } from '../opened.ts'
import { type Scenario, type Verdict, verdictOf } from '../scenario.ts'

const run = promisify(execFile)
const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`)
const half = keys.slice(0, keys.length / 2)
const foreignKey = 'foreign'

export const onCluster: readonly Scenario[] = [
  {
    name: 'deleteMany on a cluster',
    question: 'Are 150 of 300 keys, spread over six nodes, deleted, and the others kept?',
    needs: ['Redis Cluster', 'deleteMany'],
    limitMs: 120_000,
    play: (library, ends) =>
      play(
        library,
        ends,
        cache => cache.deleteMany?.(half),
        left => [
          half.some(key => left.has(key)) && `${half.filter(key => left.has(key)).length} of 150 are left`,
          left.size < keys.length - half.length && 'others are gone too',
        ],
      ),
  },
  {
    name: 'clear on a cluster',
    question: 'Are all 300 keys gone after clear, on every node, and those of other programs still there?',
    needs: ['Redis Cluster', 'clear'],
    limitMs: 120_000,
    play: (library, ends) =>
      play(
        library,
        ends,
        cache => cache.clear?.(),
        left => [left.size > 0 && `${left.size} of 300 are left`],
      ),
  },
]

/** Fills a cache, works on it, and looks what another cache on the cluster, with nothing in memory, still finds. */
async function play(
  library: Library,
  ends: AsyncDisposableStack,
  work: (cache: CacheUnderTest) => Promise<unknown> | undefined,
  faultsOf: (left: ReadonlySet<string>) => readonly (string | false)[],
): Promise<Verdict> {
  const cluster = ends.use(await startRedisCluster())
  const ports = cluster.nodes.map(node => node.port)
  const cli = (...words: readonly string[]) =>
    run(requireBinary('redis-cli'), ['-c', '-p', `${ports[0]}`, ...words]).then(({ stdout }) => stdout.trim())
  await cli('set', foreignKey, 'kept')
  const setting = { redis: { kind: 'cluster', ports } } as const
  const cache = await opened(library, setting)
  await Promise.all(keys.map(key => cache.set(key, 'value')))
  await sleep(200)
  const before = await found(await opened(library, setting))
  await work(cache)
  await sleep(200)
  const left = await found(await opened(library, setting))
  const foreign = await cli('get', foreignKey)
  return verdictOf([
    before.size < keys.length && `only ${before.size} of 300 are kept`,
    ...faultsOf(left),
    foreign !== 'kept' && 'keys of other programs are gone',
  ])
}

async function found(cache: CacheUnderTest): Promise<ReadonlySet<string>> {
  const values = await Promise.all(keys.map(key => cache.get(key)))
  return new Set(keys.filter((_, index) => values[index] === 'value'))
}
