import assert from 'node:assert/strict'
import type { AnswerKey, AnswerSelector, AnswerStore, KeptAnswer } from '../ports/answer-store.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/** A store without answers. */
export interface AnswerStoreHarness {
  readonly store: AnswerStore
  /** The same answers as another process sees them. */
  readonly other: AnswerStore
  close(): Promise<void>
}

const now = Date.UTC(2026, 0, 31, 12)
const hourMs = 3_600_000

function answer(name: string, changes: Partial<KeptAnswer> = {}): KeptAnswer {
  const { tenant = 'tenant', namespace } = changes
  return {
    key: `${tenant}/${namespace ?? ''}/chat%2Fcompletions/upstream/${name}` as AnswerKey,
    tenant,
    namespace,
    upstream: 'upstream',
    route: 'chat/completions',
    model: 'model',
    promptHash: name.padEnd(64, '0'),
    request: '{"messages":[{"content":"Grüße \\u0000 🦉","role":"user"}],"model":"model"}',
    response: '{"choices":[{"message":{"content":"Hallo.\\u0000"}}],"big":12345678901234567890.10}',
    recording: { text: 'data: {"a":"é\\u0000"}\n\ndata: [DONE]\n\n', pieces: [10, 12, 37, 250] },
    promptTokens: 12,
    completionTokens: 34,
    costUsd: 0.000125,
    generationMs: 812.5,
    createdAt: now,
    expiresAt: now + hourMs,
    tags: [],
    ...changes,
  }
}

/** What all stores of answers promise. */
export function answerStoreSuite(open: () => Promise<AnswerStoreHarness>): readonly ContractCase[] {
  const promise = promisesOf(open)

  return [
    promise('gives an answer back as it was kept', async ({ store, other }) => {
      const whole = answer('a', { namespace: 'n', tags: ['faq', 'document:7'] })
      const bare = answer('b', {
        recording: undefined,
        promptTokens: undefined,
        completionTokens: undefined,
        costUsd: undefined,
      })
      for (const kept of [whole, bare]) {
        assert.equal(await keep(store, kept), 'kept')
        assert.deepEqual((await other.find(kept.key, now)).answer, kept)
      }
    }),
    promise('knows nothing of what was never kept', async ({ store }) => {
      const reading = await store.find(answer('a').key, now)
      assert.equal(reading.answer, undefined)
      assert.equal(typeof reading.fence, 'string')
    }),
    promise('serves an answer until its time is over', async ({ store }) => {
      await keep(store, answer('a'))
      assert.notEqual((await store.find(answer('a').key, now + hourMs - 1)).answer, undefined)
      assert.equal((await store.find(answer('a').key, now + hourMs)).answer, undefined)
    }),
    promise('keeps a newer answer in place of an older one', async ({ store }) => {
      await keep(store, answer('a'))
      await keep(store, answer('a', { response: '{"newer":true}', recording: undefined }))
      assert.equal((await store.find(answer('a').key, now)).answer?.response, '{"newer":true}')
    }),
    promise('counts hits, also of answers that are gone', async ({ store }) => {
      await keep(store, answer('a'))
      await store.countHits(new Map([answer('a'), answer('gone')].map(({ key }) => [key, 2])))
      await store.countHits(new Map())
      assert.notEqual((await store.find(answer('a').key, now)).answer, undefined)
    }),
    promise('forgets what a selector meets, and says how many', async ({ store, other }) => {
      for (const [selector, expected] of selections) {
        for (const kept of assortment) await keep(store, kept)
        assert.equal(await other.forget(selector), expected.length, JSON.stringify(selector))
        assert.deepEqual(await missing(store), expected, JSON.stringify(selector))
      }
    }),
    promise('never keeps what was forgotten while it was made', async ({ store, other }) => {
      for (const [selector, met] of selections) {
        for (const kept of assortment.filter(({ key }) => met.includes(nameOf(key)))) {
          const { fence } = await store.find(kept.key, now)
          await other.forget(selector)
          assert.equal(await store.keep(kept, fence), 'fenced', JSON.stringify(selector))
          assert.equal((await store.find(kept.key, now)).answer, undefined)
          assert.equal(await keep(store, kept), 'kept')
        }
      }
    }),
    promise('lets no answer slip past a forgetting at the same time', async ({ store, other }) => {
      for (let round = 0; round < 20; round += 1) {
        const kept = answer(`r${round}`)
        const { fence } = await store.find(kept.key, now)
        const [outcome] = await Promise.all([store.keep(kept, fence), other.forget({ model: 'model' })])
        assert.ok(outcome === 'kept' || outcome === 'fenced')
        assert.equal((await store.find(kept.key, now)).answer, undefined, `round ${round}, ${outcome}`)
      }
    }),
  ]
}

const assortment: readonly KeptAnswer[] = [
  answer('plain'),
  answer('old', { createdAt: now - hourMs }),
  answer('other', { model: 'other' }),
  answer('tagged', { tags: ['faq', 'document:7'] }),
  answer('divided', { namespace: 'n', tags: ['faq'] }),
  answer('stranger', { tenant: 'stranger', namespace: 'n' }),
]

/** Selectors, and the names of the answers that they meet. */
const selections: readonly (readonly [AnswerSelector, readonly string[]])[] = [
  [{ key: answer('plain').key }, ['plain']],
  [{ tenant: 'stranger' }, ['stranger']],
  [{ namespace: 'n' }, ['divided', 'stranger']],
  [{ tenant: 'tenant', namespace: 'n' }, ['divided']],
  [{ model: 'other' }, ['other']],
  [{ tag: 'faq' }, ['tagged', 'divided']],
  [{ document: '7' }, ['tagged']],
  [{ tag: 'faq', namespace: 'n' }, ['divided']],
  [{ promptHash: answer('old').promptHash }, ['old']],
  [{ olderThan: now - 1 }, ['old']],
  [{ olderThan: now, tenant: 'stranger' }, ['stranger']],
  [{ model: 'nobody' }, []],
]

async function keep(store: AnswerStore, kept: KeptAnswer): Promise<'kept' | 'fenced'> {
  return store.keep(kept, (await store.find(kept.key, now)).fence)
}

async function missing(store: AnswerStore): Promise<readonly string[]> {
  const names: string[] = []
  for (const { key } of assortment) {
    if ((await store.find(key, now)).answer === undefined) names.push(nameOf(key))
  }
  return names
}

function nameOf(key: AnswerKey): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
