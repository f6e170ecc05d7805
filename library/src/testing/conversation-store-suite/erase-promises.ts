import assert from 'node:assert/strict'
import { instantOf } from '../../base/instant.ts'
import {
  activeFence,
  append,
  contentsOf,
  enforced,
  expectSaved,
  guest,
  newGuest,
  newUser,
  nowhere,
  type Promises,
  say,
  settings,
  tell,
  user,
} from './scene.ts'

export const erasePromises: Promises = {
  'erase: a receipt by table, and nothing is left': async ({ store }) => {
    const target = guest(newGuest())
    await store.append([say(target, 'a', { key: 'k' }), say(target, 'b')], { ...settings, embed: true })
    const { epoch } = await activeFence(store, target.guestId)
    const erased = await store.eraseGuest(target.guestId)
    assert(erased.kind === 'erased')
    assert(erased.epoch > epoch)
    assert.deepEqual(erased.rows, {
      conversation_cache: 1,
      message_cache: 2,
      cache_embeddings: 0,
      cache_content_mapping: 2,
      reprise_outbox: 2,
      reprise_idempotency: 1,
    })
    assert.deepEqual(await store.fences([target.guestId]), [{ kind: 'unknown' }])
    assert.equal(await contentsOf(store, target), undefined)
  },

  'erase: the guest begins anew, under a higher epoch and with keys forgotten': async ({ store }) => {
    const target = guest(newGuest())
    const before = expectSaved(await append(store, say(target, 'once', { key: 'k' })))
    const erased = await store.eraseGuest(target.guestId)
    const after = expectSaved(await append(store, say(target, 'once', { key: 'k' })))
    assert(erased.kind === 'erased')
    assert.equal(after.sequence, 0)
    assert.equal(after.epoch, erased.epoch)
    assert.notEqual(after.conversationId, before.conversationId)
    assert.deepEqual(await contentsOf(store, target), ['once'])
  },

  'erase: does not give back what the month’s quota had granted': async ({ store }) => {
    const target = guest(newGuest())
    await append(store, say(target, 'a'), enforced(1))
    await store.eraseGuest(target.guestId)
    assert.deepEqual(await append(store, say(target, 'b'), enforced(1)), { kind: 'over_quota', limit: 1 })
  },

  'erase: others keep their conversations': async ({ store }) => {
    const [one, two] = [guest(newGuest()), guest(newGuest())]
    await store.append([say(one, 'a', { key: 'k' }), say(two, 'b', { key: 'k' })], settings)
    await store.eraseGuest(one.guestId)
    assert.deepEqual(await contentsOf(store, two), ['b'])
    assert.equal((await append(store, say(two, 'b', { key: 'k' }))).kind, 'replayed')
  },

  'erase: again, and of a guest that never was, removes nothing': async ({ store }) => {
    const guestId = newGuest()
    await tell(store, guest(guestId), ['a'])
    const first = await store.eraseGuest(guestId)
    const second = await store.eraseGuest(guestId)
    const never = await store.eraseGuest(newGuest())
    assert(first.kind === 'erased' && second.kind === 'erased' && never.kind === 'erased')
    assert(second.epoch > first.epoch)
    for (const rows of [second.rows, never.rows]) assert.deepEqual(new Set(Object.values(rows)), new Set([0]))
  },

  'erase: notes the deletion that the fast copy owes, until it is settled': async ({ store }) => {
    const [one, two] = [newGuest(), newGuest()]
    const owed = async () =>
      (await store.pendingCopyDeletions(1_000_000)).filter(({ guestId }) => guestId === one || guestId === two)
    await tell(store, guest(one), ['a'])
    const first = await store.eraseGuest(one)
    await store.eraseGuest(two)
    const second = await store.eraseGuest(one)
    assert(first.kind === 'erased' && second.kind === 'erased')
    assert.deepEqual(
      (await owed()).map(({ guestId }) => guestId),
      [one, two],
    )
    assert.equal((await owed())[0]?.epoch, second.epoch)
    assert.equal((await store.pendingCopyDeletions(1)).length, 1)
    const all = await store.pendingCopyDeletions(1_000_000)
    assert.deepEqual(await store.pendingCopyDeletions(1_000_000, 1), all.slice(1))
    await store.settleCopyDeletions([{ guestId: one, epoch: first.epoch }])
    assert.equal((await owed()).length, 2)
    await store.settleCopyDeletions([{ guestId: one, epoch: second.epoch }])
    assert.deepEqual(
      (await owed()).map(({ guestId }) => guestId),
      [two],
    )
    await store.settleCopyDeletions([{ guestId: two, epoch: Number.MAX_SAFE_INTEGER }])
    assert.deepEqual(await owed(), [])
    await store.reopenCopyDeletions()
    assert.equal((await owed()).length, 2)
    await store.settleCopyDeletions([one, two].map(guestId => ({ guestId, epoch: Number.MAX_SAFE_INTEGER })))
    assert.deepEqual(await owed(), [])
    await store.settleCopyDeletions([])
    await store.forgetCopyDeletions(instantOf(Date.now() + 60_000))
    await store.reopenCopyDeletions()
    assert.deepEqual(await owed(), [])
  },

  'erase: racing with appends, a message is erased or begins the next conversation': async ({ store, other }) => {
    const target = guest(newGuest())
    const appends = Array.from({ length: 30 }, (_, index) => append(store, say(target, `${index}`)))
    const erases = Array.from({ length: 6 }, () => other.eraseGuest(target.guestId))
    const saved = (await Promise.all(appends)).map(expectSaved)
    await Promise.all(erases)
    const left = (await contentsOf(store, target)) ?? []
    const last = new Set(left.length === 0 ? [] : [(await activeFence(store, target.guestId)).conversationId])
    const ofLast = saved.filter(outcome => last.has(outcome.conversationId))
    assert.equal(left.length, ofLast.length)
    for (const [id, ofConversation] of Map.groupBy(saved, outcome => outcome.conversationId)) {
      const sequences = ofConversation.map(outcome => outcome.sequence).toSorted((a, b) => a - b)
      assert.deepEqual(sequences, [...sequences.keys()], `conversation ${id}`)
    }
  },

  'erase: one conversation of a user': async ({ store }) => {
    const [owner, stranger] = [newUser(), newUser()]
    const [gone, kept] = [await store.createConversation(owner), await store.createConversation(owner)]
    await tell(store, user(owner, gone.conversationId), ['a', 'b'])
    await tell(store, user(owner, kept.conversationId), ['c'])
    assert.deepEqual(await store.eraseConversation(stranger, gone.conversationId), { kind: 'unknown' })
    const erased = await store.eraseConversation(owner, gone.conversationId)
    assert(erased.kind === 'erased')
    assert.equal(erased.rows['message_cache'], 2)
    assert.equal(erased.rows['conversation_cache'], 1)
    assert.deepEqual(await store.eraseConversation(owner, gone.conversationId), { kind: 'unknown' })
    assert.deepEqual(await store.eraseConversation(owner, nowhere()), { kind: 'unknown' })
    assert.equal(await contentsOf(store, user(owner, gone.conversationId)), undefined)
    assert.equal((await append(store, say(user(owner, gone.conversationId), 'd'))).kind, 'unknown_conversation')
    assert.deepEqual(await contentsOf(store, user(owner, kept.conversationId)), ['c'])
  },

  'erase: a guest’s conversation is not erased as a user’s': async ({ store }) => {
    const guestId = newGuest()
    const [saved] = await tell(store, guest(guestId), ['a'])
    const namesake = guestId as string as ReturnType<typeof newUser>
    assert.deepEqual(await store.eraseConversation(namesake, expectSaved(saved).conversationId), { kind: 'unknown' })
    assert.deepEqual(await contentsOf(store, guest(guestId)), ['a'])
  },
}
