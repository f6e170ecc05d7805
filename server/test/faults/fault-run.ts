import { setTimeout as sleep } from 'node:timers/promises'
import { checkHistory, type HistoryOperation, type Violation } from 'reprise/testing'
import { ChatClient } from './chat-client.ts'
import { type Disturbance, disturbanceOf } from './disturbance.ts'

export interface FaultRun {
  /** Sets this run's guests apart from those of others. */
  readonly name: string
  /** Servers on the same stores; every client uses all of them in turn. */
  readonly urls: readonly string[]
  /** Carried out in the middle of the load, which goes on until things are well again. */
  readonly fault: () => Promise<void>
}

export interface FaultRunEnd {
  readonly violations: readonly Violation[]
  readonly appends: Disturbance
  readonly reads: Disturbance
  readonly erased: number
  readonly migrated: number
}

/** How long clients chat before and after a fault. Longer by the environment; in the suite it is short. */
const calmMs = (Number(process.env['FAULT_SECONDS'] ?? 1.6) * 1000) / 2
/** A machine that is busy with other things still gets a load worth the name. */
const leastAppends = 40
const patienceMs = 30_000
const writerCount = 8
const readerCount = 3
const guestCount = 6

/** Lets clients chat while something breaks, then reads everything and holds it against what they were told. */
export async function runFault(run: FaultRun): Promise<FaultRunEnd> {
  const operations: HistoryOperation[] = []
  const client = new ChatClient(operations)
  const scene = createScene(run, client)
  const loadEnd = new AbortController()
  const clients = [
    ...Array.from({ length: writerCount }, () => write(scene, loadEnd.signal)),
    ...Array.from({ length: readerCount }, () => read(scene, loadEnd.signal)),
  ]
  await calm(operations)
  const faultAtMs = performance.now()
  await run.fault()
  await calm(operations)
  const loadEndedAtMs = performance.now()
  loadEnd.abort()
  await Promise.all(clients)
  await scene.readEverything()
  const end = {
    violations: checkHistory(operations),
    appends: disturbanceOf(operations, 'append', faultAtMs, loadEndedAtMs),
    reads: disturbanceOf(operations, 'read', faultAtMs, loadEndedAtMs),
    erased: operations.filter(({ kind, outcome }) => kind === 'erase' && outcome === 'acknowledged').length,
    migrated: operations.filter(({ kind, outcome }) => kind === 'migrate' && outcome === 'completed').length,
  }
  if (process.env['FAULT_SECONDS'] !== undefined) console.info(JSON.stringify({ run: run.name, ...end }))
  return end
}

/** Resolves when clients have chatted for a while. */
async function calm(operations: readonly HistoryOperation[]): Promise<void> {
  const from = operations.length
  const deadline = performance.now() + patienceMs
  const appended = () => operations.slice(from).filter(isAcknowledged).length
  await sleep(calmMs)
  while (appended() < leastAppends) {
    if (performance.now() > deadline) throw new Error('The servers did not take messages again.')
    await sleep(20)
  }
}

function isAcknowledged(operation: HistoryOperation): boolean {
  return operation.kind === 'append' && operation.outcome.kind === 'acknowledged'
}

interface Scene {
  readonly client: ChatClient
  /** Counts what all clients do together. */
  step(): number
  url(): string
  guest(): string
  /** A content that is said once. */
  words(guest: string): string
  /** Somebody else takes this guest's place. */
  retire(guest: string): void
  readEverything(): Promise<void>
}

function createScene({ name, urls }: FaultRun, client: ChatClient): Scene {
  const everyone: string[] = []
  let steps = 0
  let turn = 0
  let said = 0
  const newGuest = () => {
    const guest = `${name}-${everyone.length}`
    everyone.push(guest)
    return guest
  }
  const guests = Array.from({ length: guestCount }, newGuest)
  const url = () => {
    turn += 1
    return urls[turn % urls.length] ?? ''
  }
  return {
    client,
    url,
    step: () => {
      steps += 1
      return steps
    },
    guest: () => guests[Math.floor(Math.random() * guests.length)] ?? newGuest(),
    words: guest => {
      said += 1
      return `${guest} says ${said}`
    },
    retire: guest => {
      const index = guests.indexOf(guest)
      if (index >= 0) guests[index] = newGuest()
    },
    readEverything: async () => {
      for (const guest of everyone) {
        const { outcome } = await untilAnswered(() => client.read(url(), guest))
        if (outcome.kind === 'migrated') await client.readUser(url(), userOf(guest))
      }
    },
  }
}

async function untilAnswered(ask: () => ReturnType<ChatClient['read']>): ReturnType<ChatClient['read']> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const operation = await ask()
    const isTrue = operation.outcome.kind === 'messages' && !operation.outcome.stale
    if (isTrue || operation.outcome.kind === 'migrated' || performance.now() > deadline) return operation
    await sleep(50)
  }
}

const userOf = (guest: string) => `user-of-${guest}`
const pause = () => sleep(Math.random() * 10)

async function read(scene: Scene, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await scene.client.read(scene.url(), scene.guest())
    await pause()
  }
}

/** Mostly appends, half of them by key; now and then an erasure or a migration. */
async function write(scene: Scene, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    const step = scene.step()
    const guest = scene.guest()
    if (step % 61 === 0) await migrate(scene, guest)
    else if (step % 37 === 0) await scene.client.erase(scene.url(), guest)
    else await append(scene, guest, step % 2 === 0)
    await pause()
  }
}

/** With a key the outcome is asked for until it is known. */
async function append({ client, url, words }: Scene, guest: string, isKeyed: boolean): Promise<void> {
  const content = words(guest)
  const key = isKeyed ? `key of ${content}` : undefined
  const deadline = performance.now() + patienceMs
  let { outcome } = await client.append(url(), guest, content, key)
  while (isKeyed && (outcome.kind === 'unknown' || outcome.kind === 'refused') && performance.now() < deadline) {
    await sleep(25)
    outcome = (await client.append(url(), guest, content, key)).outcome
  }
}

/** Asked again until it is known: the same user gets the same receipt. */
async function migrate({ client, url, retire }: Scene, guest: string): Promise<void> {
  retire(guest)
  const deadline = performance.now() + patienceMs
  let { outcome } = await client.migrate(url(), guest, userOf(guest))
  while (outcome === 'unknown' && performance.now() < deadline) {
    await sleep(50)
    outcome = (await client.migrate(url(), guest, userOf(guest))).outcome
  }
}
