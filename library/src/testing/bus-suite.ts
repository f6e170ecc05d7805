import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, BusEvent } from '../ports/bus.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/** A bus that nobody uses yet. */
export interface BusHarness {
  readonly bus: Bus
  /** The same bus as another process sees it. */
  readonly other: Bus
  close(): Promise<void>
}

const patienceMs = 10_000

/** What every bus promises while nothing is wrong; what it promises in outages is shown by each driver's own tests. */
export function busSuite(open: () => Promise<BusHarness>): readonly ContractCase[] {
  const promise = promisesOf(open)

  return [
    promise('says that it listens before it delivers', async ({ bus }) => {
      const heard = listenTo(bus, 'one')
      await until(() => heard.events.length > 0)
      assert.deepEqual(heard.events[0], { kind: 'listening' })
      await heard.close()
    }),
    promise('delivers each message once to every listener, in its publisher’s order', async ({ bus, other }) => {
      const [near, far, twice] = [listenTo(bus, 'one'), listenTo(other, 'one'), listenTo(other, 'one')]
      await until(() => [near, far, twice].every(heard => heard.events.length > 0))
      const texts = Array.from({ length: 500 }, (_, index) => `${index}`)
      await Promise.all(texts.map(text => bus.publish('one', text)))
      await until(() => [near, far, twice].every(heard => heard.texts().length >= texts.length))
      for (const heard of [near, far, twice]) assert.deepEqual(heard.texts(), texts)
      await Promise.all([near.close(), far.close(), twice.close()])
    }),
    promise('keeps channels apart', async ({ bus, other }) => {
      const [one, two] = [listenTo(bus, 'one'), listenTo(bus, 'two:[*]?')]
      await until(() => one.events.length > 0 && two.events.length > 0)
      await other.publish('one', 'for one')
      await other.publish('two:[*]?', 'for two')
      await until(() => one.texts().length > 0 && two.texts().length > 0)
      assert.deepEqual([one.texts(), two.texts()], [['for one'], ['for two']])
      await Promise.all([one.close(), two.close()])
    }),
    promise('carries any text', async ({ bus, other }) => {
      const heard = listenTo(other, 'one')
      await until(() => heard.events.length > 0)
      const texts = ['', 'ü€😀', '\0\r\n', 'x'.repeat(200_000)]
      for (const text of texts) await bus.publish('one', text)
      await until(() => heard.texts().length === texts.length)
      assert.deepEqual(heard.texts(), texts)
      await heard.close()
    }),
    promise('is silent after closing, also to a listener that was told of nothing yet', async ({ bus, other }) => {
      const [early, heard] = [listenTo(bus, 'one'), listenTo(bus, 'one')]
      await early.close()
      await until(() => heard.events.length > 0)
      await other.publish('one', 'first')
      await until(() => heard.texts().length === 1)
      await heard.close()
      await other.publish('one', 'second')
      await sleep(50)
      assert.deepEqual([early.texts(), heard.texts()], [[], ['first']])
    }),
    promise('delivers to others when one listener throws', async ({ bus, other }) => {
      const faulty = bus.subscribe('one', () => {
        throw new Error('a faulty listener')
      })
      const heard = listenTo(bus, 'one')
      await until(() => heard.events.length > 0)
      await other.publish('one', 'all the same')
      await until(() => heard.texts().length === 1)
      await Promise.all([faulty.close(), heard.close()])
    }),
    promise('publishes to nobody without complaint', async ({ bus }) => {
      await bus.publish('nobody listens', 'here')
    }),
  ]
}

function listenTo(bus: Bus, channel: string) {
  const events: BusEvent[] = []
  const subscription = bus.subscribe(channel, event => events.push(event))
  const texts = () => events.flatMap(event => (event.kind === 'message' ? [event.text] : []))
  return { events, texts, close: () => subscription.close() }
}

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + patienceMs
  while (!isTrue()) {
    assert.ok(Date.now() < end, `nothing came within ${patienceMs} ms`)
    await sleep(2)
  }
}
