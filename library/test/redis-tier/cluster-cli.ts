import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { RedisCluster } from '../../../testbed/servers/redis-cluster.ts'

const run = promisify(execFile)

/** What one node answers. */
export async function ask(port: number, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-p', `${port}`, ...command])
  return stdout.trim()
}

export interface NodeLine {
  readonly id: string
  readonly port: number
  readonly isMaster: boolean
  readonly slots: readonly string[]
}

/** The nodes as one of them sees them. */
export async function nodesSeenBy(port: number): Promise<readonly NodeLine[]> {
  const lines = (await ask(port, 'cluster', 'nodes')).split('\n')
  return lines.map(line => {
    const [id = '', address = '', flags = '', , , , , , ...slots] = line.split(' ')
    const isMaster = flags.includes('master') && !flags.includes('fail')
    return { id, port: Number(/:(\d+)@/.exec(address)?.[1]), isMaster, slots }
  })
}

/** The node that has a slot, as the node at `port` sees it. */
export async function ownerOf(port: number, slot: number): Promise<NodeLine> {
  const owner = (await nodesSeenBy(port)).find(
    ({ isMaster, slots }) => isMaster && slots.some(range => holds(range, slot)),
  )
  if (owner === undefined) throw new Error(`Nobody has slot ${slot}.`)
  return owner
}

function holds(range: string, slot: number): boolean {
  if (range.startsWith('[')) return false
  const [from = '', to = from] = range.split('-')
  return Number(from) <= slot && slot <= Number(to)
}

/** Moves a slot with its keys to another master, key by key; `midway` is called when half of them have gone. */
export async function moveSlot(
  slot: number,
  from: NodeLine,
  to: NodeLine,
  midway?: () => Promise<void>,
): Promise<void> {
  await demand(to.port, 'cluster', 'setslot', `${slot}`, 'importing', from.id)
  await demand(from.port, 'cluster', 'setslot', `${slot}`, 'migrating', to.id)
  const total = await keysOf(from.port, slot)
  for (let moved = 0, left = total; left > 0; moved += 1) {
    if (moved === Math.floor(total / 2)) await midway?.()
    const [key = ''] = (await ask(from.port, 'cluster', 'getkeysinslot', `${slot}`, '1')).split('\n')
    await demand(from.port, 'migrate', '127.0.0.1', `${to.port}`, key, '0', '5000')
    left = await keysOf(from.port, slot)
  }
  for (const node of [to, from]) await demand(node.port, 'cluster', 'setslot', `${slot}`, 'node', to.id)
}

async function keysOf(port: number, slot: number): Promise<number> {
  return Number(await ask(port, 'cluster', 'countkeysinslot', `${slot}`))
}

async function demand(port: number, ...command: readonly string[]): Promise<void> {
  const answer = await ask(port, ...command)
  if (answer !== 'OK') throw new Error(`${command.join(' ')} was answered: ${answer}`)
}

/** Kills the master of a slot and waits until one of its replicas has taken over. */
export async function killMasterOf(cluster: RedisCluster, slot: number): Promise<void> {
  const [first] = cluster.nodes
  const owner = await ownerOf(first?.port ?? 0, slot)
  const survivor = cluster.nodes.find(node => node.port !== owner.port)
  await cluster.nodes.find(node => node.port === owner.port)?.kill()
  for (let tries = 0; tries < 300; tries += 1) {
    const now = await ownerOf(survivor?.port ?? 0, slot).catch(() => owner)
    const state = await ask(survivor?.port ?? 0, 'cluster', 'info')
    if (now.id !== owner.id && state.includes('cluster_state:ok')) return
    await sleep(50)
  }
  throw new Error('No replica took over.')
}
