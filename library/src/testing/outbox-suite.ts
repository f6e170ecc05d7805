import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConversationId, MessageId } from '../base/chat/message-id.ts'
import type { Outbox, OutboxItem } from '../ports/chat/outbox.ts'
import type { Embedding } from '../ports/embedder.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/** An embedding as it is kept. */
export interface KeptEmbedding {
  readonly messageId: MessageId
  readonly conversationId: ConversationId
  readonly text: string
  /** The numbers of its JSON. */
  readonly numbers: readonly number[]
  readonly bytes: Uint8Array
  readonly dimensions: number
  readonly model: string
  readonly truncated: boolean
}

/** An empty outbox, with what a test needs around it. */
export interface OutboxHarness {
  readonly outbox: Outbox
  /** The same outbox as another process sees it. */
  readonly other: Outbox
  /** Stores messages of a new conversation, in order, with or without an item each. */
  store(contents: readonly string[], queued?: 'queued' | 'unqueued'): Promise<readonly MessageId[]>
  /** Erases the conversations of these messages. */
  erase(messageIds: readonly MessageId[]): Promise<void>
  embeddings(): Promise<readonly KeptEmbedding[]>
  close(): Promise<void>
}

const model = 'suite-model'
const minute = 60_000

/** What every outbox promises. `open` gives an empty one. */
export function outboxSuite(open: () => Promise<OutboxHarness>): readonly ContractCase[] {
  const promise = promisesOf(open)

  return [
    promise(
      'hands out what is due with its content, the oldest first and no more than asked',
      async ({ outbox, store }) => {
        const [first, second] = [await store(['one']), await store(['two', 'three'])]
        const items = await outbox.claim(2, minute)
        assert.equal(items.length, 2)
        assert.equal(items[0]?.messageId, first[0])
        assert.equal(items[0]?.content, 'one')
        assert.equal(items[0]?.attempts, 0)
        assert.ok(second.includes(items[1]?.messageId as MessageId))
        assert.equal((await outbox.claim(10, minute)).length, 1)
        assert.deepEqual(await outbox.claim(10, minute), [])
      },
    ),
    promise('never hands one item to two workers', async ({ outbox, other, store }) => {
      const ids = await store(Array.from({ length: 120 }, (_, index) => `message ${index}`))
      const drain = async (worker: Outbox) => {
        const claimed: MessageId[] = []
        for (let items = await worker.claim(7, minute); items.length > 0; items = await worker.claim(7, minute))
          claimed.push(...items.map(item => item.messageId))
        return claimed
      }
      const claimed = (await Promise.all([outbox, other, outbox, other].map(drain))).flat()
      assert.deepEqual(claimed.toSorted(), ids.toSorted())
    }),
    promise('hands an item out again when its worker vanished, as tried once', async ({ outbox, other, store }) => {
      const [id] = await store(['left behind'])
      const [late] = await outbox.claim(1, 50)
      const again = await untilClaimed(other)
      assert.equal(again.messageId, id)
      assert.equal(again.attempts, 1)
      assert.ok(late !== undefined)
      await outbox.retry(late, 0, 'from the late worker')
      await outbox.bury(late, 'from the late worker')
      await outbox.release([late])
      assert.deepEqual(await other.claim(1, minute), [], 'the late worker changes nothing any more')
      assert.equal((await outbox.counts()).dead, 0)
    }),
    promise('C4 keeps text, JSON, float32 bytes, dimensions and model of an embedding', async harness => {
      const { outbox, store } = harness
      const [id] = await store(['rémy said "hi"\n'])
      const numbers = [0.1, -0.25, 1 / 3, 1e-45, 3.4028235e38, -1.17549435e-38, 16777217, 0]
      const vector = Float32Array.from(numbers)
      const [item] = await outbox.claim(1, minute)
      assert.ok(item !== undefined)
      assert.deepEqual(await outbox.complete([{ item, embedding: { vector, truncated: true } }], model), [id])
      const [kept, ...more] = await harness.embeddings()
      assert.deepEqual(more, [])
      assert.ok(kept !== undefined)
      assert.deepEqual(Float32Array.from(kept.numbers), vector)
      assert.equal(kept.numbers[0], 0.1)
      const view = new DataView(kept.bytes.buffer, kept.bytes.byteOffset, kept.bytes.byteLength)
      assert.deepEqual(
        numbers.map((_, index) => view.getFloat32(index * 4, true)),
        [...vector],
      )
      assert.deepEqual(
        [kept.messageId, kept.conversationId, kept.text, kept.dimensions, kept.model, kept.truncated],
        [id, item.conversationId, 'rémy said "hi"\n', numbers.length, model, true],
      )
      assert.deepEqual(await outbox.counts(), { pending: 0, dead: 0, oldestPendingSeconds: 0 })
    }),
    promise('C4 refuses an empty vector and one that is not finite, and stores nothing', async harness => {
      await harness.store(['one', 'two'])
      const [first, second] = await harness.outbox.claim(2, minute)
      assert.ok(first !== undefined && second !== undefined)
      for (const bad of [new Float32Array(0), Float32Array.from([1, Number.NaN]), Float32Array.from([Infinity])]) {
        const done = [
          { item: first, embedding: ones(3) },
          { item: second, embedding: { vector: bad, truncated: false } },
        ]
        await assert.rejects(harness.outbox.complete(done, model), { code: 'embedding_failed' })
      }
      assert.deepEqual(await harness.embeddings(), [])
      assert.equal((await harness.outbox.counts()).pending, 2)
    }),
    promise('keeps one embedding a message, and lets another model replace it', async harness => {
      const [id] = await harness.store(['again'])
      const [item] = await harness.outbox.claim(1, minute)
      assert.ok(item !== undefined)
      assert.deepEqual(await harness.outbox.complete([{ item, embedding: ones(2) }], model), [id])
      assert.deepEqual(await harness.outbox.complete([{ item, embedding: ones(5) }], model), [], 'the same model again')
      assert.deepEqual(await harness.outbox.complete([{ item, embedding: ones(4) }], 'newer'), [id])
      const kept = await harness.embeddings()
      assert.deepEqual(
        kept.map(({ model, dimensions, numbers }) => ({ model, dimensions, length: numbers.length })),
        [{ model: 'newer', dimensions: 4, length: 4 }],
      )
    }),
    promise('A3 brings nothing back that was erased while it was embedded', async harness => {
      const [gone, stays] = [await harness.store(['secret', 'more']), await harness.store(['public'])]
      const items = await harness.outbox.claim(10, minute)
      await harness.erase(gone)
      const stored = await harness.outbox.complete(
        items.map(item => ({ item, embedding: ones(3) })),
        model,
      )
      assert.deepEqual(stored, stays)
      assert.deepEqual(
        (await harness.embeddings()).map(({ text }) => text),
        ['public'],
      )
      assert.equal((await harness.outbox.counts()).pending, 0)
    }),
    promise('gives back what failed after its delay, with its tries counted', async ({ outbox, store }) => {
      await store(['patience'])
      const [item] = await outbox.claim(1, minute)
      assert.ok(item !== undefined)
      await outbox.retry(item, minute, 'busy')
      assert.deepEqual(await outbox.claim(1, minute), [])
      assert.equal((await outbox.counts()).pending, 1)
      await outbox.retry(item, 0, 'busy')
      assert.equal((await untilClaimed(outbox)).attempts, 1)
    }),
    promise('gives back what was not tried as if it had never been claimed', async ({ outbox, store }) => {
      await store(['one', 'two'])
      await outbox.release(await outbox.claim(2, minute))
      assert.deepEqual(
        (await outbox.claim(2, minute)).map(item => item.attempts),
        [0, 0],
      )
    }),
    promise('sets aside, lists and puts back to work', async ({ outbox, store }) => {
      const ids = await store(['one', 'two', 'three'])
      for (const item of await outbox.claim(3, minute)) await outbox.bury(item, `no: ${item.content}`)
      assert.deepEqual(await outbox.claim(3, minute), [])
      assert.deepEqual(await outbox.counts(), { pending: 0, dead: 3, oldestPendingSeconds: 0 })
      const dead = await outbox.listDead(2)
      assert.equal(dead.length, 2)
      assert.deepEqual([dead[0]?.messageId, dead[0]?.lastError, dead[0]?.attempts], [ids[0], 'no: one', 1])
      assert.ok(Math.abs(Date.now() - Number(dead[0]?.createdAt)) < minute)

      assert.equal(await outbox.redrive([]), 0)
      assert.equal(await outbox.redrive(['999999999', '-1', 'not an id', "1'; --"]), 0)
      assert.equal(await outbox.redrive([dead[0]?.outboxId ?? '']), 1)
      const [back] = await outbox.claim(3, minute)
      assert.deepEqual([back?.messageId, back?.attempts], [ids[0], 0])
      assert.equal(await outbox.redrive('all'), 2)
      assert.equal((await outbox.claim(3, minute)).length, 2)
      assert.equal(await outbox.redrive('all'), 0)
    }),
    promise('counts what waits and since when', async ({ outbox, store }) => {
      assert.deepEqual(await outbox.counts(), { pending: 0, dead: 0, oldestPendingSeconds: 0 })
      await store(['one', 'two'])
      await sleep(20)
      const { pending, oldestPendingSeconds } = await outbox.counts()
      assert.equal(pending, 2)
      assert.ok(oldestPendingSeconds > 0 && oldestPendingSeconds < 60, `${oldestPendingSeconds} seconds`)
    }),
    promise('finds messages without an embedding of the model, page by page, each once', async harness => {
      const { outbox } = harness
      const unqueued = await harness.store(['a', 'b', 'c', 'd', 'e'], 'unqueued')
      const queued = await harness.store(['f', 'g'])
      assert.equal(await enqueueAll(outbox, model, 3), 5)
      assert.equal(await enqueueAll(outbox, model, 3), 0)
      const items = await outbox.claim(10, minute)
      assert.deepEqual(items.map(item => item.messageId).toSorted(), [...unqueued, ...queued].toSorted())
      const done = items.map(item => ({ item, embedding: ones(3) }))
      assert.equal((await outbox.complete(done, model)).length, 7)
      assert.equal(await enqueueAll(outbox, model, 100), 0)
      assert.equal(await enqueueAll(outbox, 'newer', 2), 7)
    }),
    promise('finds nothing in an empty store', async ({ outbox }) => {
      assert.deepEqual(await outbox.enqueueMissing(model, 10, undefined), {
        kind: 'searched',
        enqueued: 0,
        next: undefined,
      })
    }),
  ]
}

function ones(length: number): Embedding {
  return { vector: new Float32Array(length).fill(1), truncated: false }
}

async function enqueueAll(outbox: Outbox, model: string, pageSize: number): Promise<number> {
  let enqueued = 0
  let after: MessageId | undefined
  do {
    const outcome = await outbox.enqueueMissing(model, pageSize, after)
    if (outcome.kind === 'busy') assert.fail('nobody else searches')
    enqueued += outcome.enqueued
    after = outcome.next
  } while (after !== undefined)
  return enqueued
}

/** Waits for the store's own clock, which no test can set. */
async function untilClaimed(outbox: Outbox): Promise<OutboxItem> {
  for (let tries = 0; tries < 500; tries += 1) {
    const [item] = await outbox.claim(1, minute)
    if (item !== undefined) return item
    await sleep(10)
  }
  throw new assert.AssertionError({ message: 'the item did not become due within 5 seconds' })
}
