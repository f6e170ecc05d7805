import assert from 'node:assert/strict'
import {
  activeFence,
  append,
  contentsOf,
  expectSaved,
  guest,
  kindsOf,
  newGuest,
  newUser,
  type Promises,
  say,
  settings,
  tell,
  user,
  wholeHistory,
} from './scene.ts'

export const migrationPromises: Promises = {
  'migrate: a receipt, and the conversation is the user’s': async ({ store }) => {
    const [target, userId] = [guest(newGuest()), newUser()]
    await tell(store, target, ['a', 'b'])
    const fence = await activeFence(store, target.guestId)
    const before = await store.page(target, wholeHistory)
    const outcome = await store.migrateGuest(target.guestId, userId)
    assert(outcome.kind === 'completed' && outcome.first)
    assert(outcome.epoch > fence.epoch)
    const { receipt } = outcome
    assert.deepEqual(
      { ...receipt, migrationId: '', startedAt: '', completedAt: '' },
      {
        migrationId: '',
        guestId: target.guestId,
        userId,
        conversations: 1,
        messages: 2,
        startedAt: '',
        completedAt: '',
        notes: `Migrated 1 conversations with 2 messages from guest ${target.guestId}`,
      },
    )
    assert.match(receipt.startedAt, /Z$/)
    assert(receipt.completedAt >= receipt.startedAt)
    const after = await store.page(user(userId, fence.conversationId), wholeHistory)
    assert(before.kind === 'page' && after.kind === 'page')
    assert.deepEqual(after.messages, before.messages)
    const [listed] = await store.listConversations(userId, { limit: 10, offset: 0 })
    assert.deepEqual([listed?.conversationId, listed?.messageCount], [fence.conversationId, 2])
    const [saved] = await tell(store, user(userId, fence.conversationId), ['c'])
    assert.equal(expectSaved(saved).sequence, 2)
  },

  'migrate: the guest is no more': async ({ store }) => {
    const [target, userId] = [guest(newGuest()), newUser()]
    await append(store, say(target, 'a', { key: 'k' }))
    await store.migrateGuest(target.guestId, userId)
    const refused = await store.append([say(target, 'b'), say(target, 'a', { key: 'k' })], settings)
    assert.deepEqual(refused, [{ kind: 'migrated' }, { kind: 'migrated' }])
    assert.deepEqual(await store.fences([target.guestId]), [{ kind: 'migrated' }])
    assert.deepEqual(await store.page(target, wholeHistory), { kind: 'migrated' })
    assert.deepEqual(await store.eraseGuest(target.guestId), { kind: 'migrated' })
    const owed = await store.pendingCopyDeletions(1_000_000)
    assert(owed.some(({ guestId }) => guestId === target.guestId))
  },

  'migrate: the same user gets the same receipt, another one is refused': async ({ store }) => {
    const [target, userId] = [guest(newGuest()), newUser()]
    await tell(store, target, ['a'])
    const first = await store.migrateGuest(target.guestId, userId)
    const { conversationId } = (await store.listConversations(userId, { limit: 1, offset: 0 }))[0] ?? {}
    assert(conversationId !== undefined)
    await tell(store, user(userId, conversationId), ['b'])
    const again = await store.migrateGuest(target.guestId, userId)
    assert(first.kind === 'completed' && again.kind === 'completed')
    assert.deepEqual([first.first, again.first], [true, false])
    assert.deepEqual([again.receipt, again.epoch], [first.receipt, first.epoch])
    assert.deepEqual(await store.migrateGuest(target.guestId, newUser()), { kind: 'other_user' })
    assert.deepEqual(await contentsOf(store, user(userId, conversationId)), ['a', 'b'])
  },

  'migrate: a guest without a conversation is unknown': async ({ store }) => {
    const [never, registered, erased] = [newGuest(), newGuest(), newGuest()]
    await store.registerGuest(registered, 'hash')
    await tell(store, guest(erased), ['a'])
    await store.eraseGuest(erased)
    for (const guestId of [never, registered, erased])
      assert.deepEqual(await store.migrateGuest(guestId, newUser()), { kind: 'unknown' })
    assert.equal((await append(store, say(guest(erased), 'b'))).kind, 'saved')
  },

  'migrate: several guests become one user': async ({ store }) => {
    const [one, two, userId] = [newGuest(), newGuest(), newUser()]
    await tell(store, guest(one), ['a'])
    await tell(store, guest(two), ['b'])
    await store.migrateGuest(one, userId)
    await store.migrateGuest(two, userId)
    const listed = await store.listConversations(userId, { limit: 10, offset: 0 })
    const contents = await Promise.all(
      listed.map(({ conversationId }) => contentsOf(store, user(userId, conversationId))),
    )
    assert.deepEqual(contents.flat().toSorted(), ['a', 'b'])
  },

  'migrate: a message whose answer was lost before is not doubled by the user’s retry': async ({ store }) => {
    const [target, userId] = [guest(newGuest()), newUser()]
    const { conversationId, sequence } = expectSaved(await append(store, say(target, 'a', { key: 'k' })))
    await store.migrateGuest(target.guestId, userId)
    const retry = await append(store, say(user(userId, conversationId), 'a', { key: 'k' }))
    assert(retry.kind === 'replayed')
    assert.equal(retry.sequence, sequence)
  },

  'migrate: of two users who ask together one gets it': async ({ store, other }) => {
    const guestId = newGuest()
    await tell(store, guest(guestId), ['a'])
    const users = Array.from({ length: 6 }, newUser)
    const outcomes = await Promise.all(
      users.map((userId, index) => (index % 2 === 0 ? store : other).migrateGuest(guestId, userId)),
    )
    assert.deepEqual(kindsOf(outcomes).toSorted(), ['completed', ...Array(5).fill('other_user')])
    const lists = await Promise.all(users.map(userId => store.listConversations(userId, { limit: 9, offset: 0 })))
    assert.equal(lists.flat().length, 1)
  },

  'migrate: a user who asks twice at once gets one receipt': async ({ store, other }) => {
    const [guestId, userId] = [newGuest(), newUser()]
    await tell(store, guest(guestId), ['a'])
    const outcomes = await Promise.all([store, other, store].map(each => each.migrateGuest(guestId, userId)))
    const completed = outcomes.map(outcome => {
      assert(outcome.kind === 'completed')
      return outcome
    })
    assert.equal(completed.filter(outcome => outcome.first).length, 1)
    assert.equal(new Set(completed.map(outcome => outcome.receipt.migrationId)).size, 1)
  },

  'migrate: a racing message lands before it or is refused': async ({ store, other }) => {
    const [target, userId] = [guest(newGuest()), newUser()]
    await tell(store, target, ['first'])
    const appends = Array.from({ length: 30 }, (_, index) => append(store, say(target, `${index}`)))
    const [outcome, ...outcomes] = await Promise.all([other.migrateGuest(target.guestId, userId), ...appends])
    assert(outcome.kind === 'completed')
    const saved = outcomes.filter(each => each.kind === 'saved')
    const refused = outcomes.filter(each => each.kind === 'migrated')
    assert.equal(saved.length + refused.length, 30)
    assert.equal(outcome.receipt.messages, 1 + saved.length)
    const [listed] = await store.listConversations(userId, { limit: 1, offset: 0 })
    assert.equal(listed?.messageCount, 1 + saved.length)
  },
}
