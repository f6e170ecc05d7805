import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
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

/** Starts a Redis Cluster of six private processes and waits until it serves all slots and each master has its replica. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startNode()))
  const addresses = nodes.map(node => `127.0.0.1:${node.port}`)
  const cli = requireBinary('redis-cli')
  const ask = async (node: RedisServer, ...command: readonly string[]) =>
    (await run(cli, ['-p', `${node.port}`, ...command])).stdout
  await run(cli, ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
  const deadline = Date.now() + formLimitMs
  for (const node of nodes) {
    while (!(await isReady(node))) {
      if (Date.now() > deadline) throw new Error(`The cluster did not form within ${formLimitMs} ms.`)
      await sleep(50)
    }
  }
  /** A replica that has not copied its master yet would not take over from it; nor do all nodes know at once who is one. */
  async function isReady(node: RedisServer): Promise<boolean> {
    const replicas = (await ask(node, 'cluster', 'nodes')).match(/\bslave\b/g) ?? []
    if (replicas.length !== 3) return false
    const replication = await ask(node, 'info', 'replication')
    const isComplete = replication.includes('role:master')
      ? replication.includes('state=online')
      : replication.includes('master_link_status:up')
    return isComplete && (await ask(node, 'cluster', 'info')).includes('cluster_state:ok')
  }
  async function stop(): Promise<void> {
    await Promise.all(nodes.map(node => node.stop()))
  }
  return { nodes, addresses: addresses.join(','), stop, [Symbol.asyncDispose]: stop }
}

/** Between finding a port free and listening on it somebody else may take it: then others are tried. */
async function startNode(tries = 3): Promise<RedisServer> {
  const busPort = await freePort()
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', '4000']
  try {
    return await startRedis({ args: [...cluster, '--repl-diskless-sync-delay', '0'] })
  } catch (error) {
    if (tries === 1 || !String(error).includes('Address already in use')) throw error
    return startNode(tries - 1)
  }
}
