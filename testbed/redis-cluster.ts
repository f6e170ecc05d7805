import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requireBinary } from './binaries.ts'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedis } from './redis.ts'

const run = promisify(execFile)
const formLimitMs = 30_000

export interface RedisCluster extends AsyncDisposable {
  /** Three masters and a replica of each, in the order they were started. */
  readonly nodes: readonly RedisServer[]
  /** `host:port` of every node, with commas between: the form of REDIS_CLUSTER_NODES. */
  readonly addresses: string
  stop(): Promise<void>
}

/** Starts a Redis Cluster of six private processes and waits until it serves all slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  for (let index = 0; index < 6; index += 1) nodes.push(await startNode())
  const addresses = nodes.map(node => `127.0.0.1:${node.port}`)
  const cli = requireBinary('redis-cli')
  await run(cli, ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
  const deadline = Date.now() + formLimitMs
  for (const node of nodes) {
    while (!(await run(cli, ['-p', `${node.port}`, 'cluster', 'info'])).stdout.includes('cluster_state:ok')) {
      if (Date.now() > deadline) throw new Error(`The cluster did not form within ${formLimitMs} ms.`)
      await sleep(50)
    }
  }
  async function stop(): Promise<void> {
    await Promise.all(nodes.map(node => node.stop()))
  }
  return { nodes, addresses: addresses.join(','), stop, [Symbol.asyncDispose]: stop }
}

async function startNode(): Promise<RedisServer> {
  const busPort = await freePort()
  const timeout = ['--cluster-node-timeout', '2000']
  return startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, ...timeout] })
}
