import assert from 'node:assert/strict'
import {
  activeFence,
  append,
  clockTick,
  expectSaved,
  farFuture,
  guest,
  longAgo,
  newGuest,
  newUser,
  type Promises,
  say,
  tell,
  user,
} from './scene.ts'

const everyone = 1_000_000

export const upkeepPromises: Promises = {
  'sync marks: messages by id': async ({ store }) => {
    const target = guest(newGuest())
    const isSynced = async (key: string) => {
      const replay = await append(store, say(target, key, { key }))
      assert(replay.kind === 'replayed')
      return replay.isSynced
    }
    const one = expectSaved(await append(store, say(target, 'one', { key: 'one' })))
    await append(store, say(target, 'two', { key: 'two' }))
    await store.markSynced([one.messageId], false)
    assert.deepEqual([await isSynced('one'), await isSynced('two')], [false, true])
    await store.markSynced([], false)
    await store.markSynced([one.messageId, one.messageId], true)
    assert.deepEqual([await isSynced('one'), await isSynced('two')], [true, true])
  },

  'sync marks: begin as the append says': async ({ store }) => {
    const target = guest(newGuest())
    await append(store, { ...say(target, 'a', { key: 'a' }), isSynced: false })
    await append(store, { ...say(target, 'b', { key: 'b' }), isSynced: true })
    for (const [key, isSynced] of [
      ['a', false],
      ['b', true],
    ] as const) {
      const replay = await append(store, { ...say(target, key, { key }), isSynced: !isSynced })
      assert(replay.kind === 'replayed')
      assert.equal(replay.isSynced, isSynced)
    }
  },

  'sync marks: a conversation up to a sequence': async ({ store }) => {
    const target = guest(newGuest())
    const isSynced = async () => {
      const replays = []
      for (const key of ['a', 'b', 'c']) replays.push(await append(store, say(target, key, { key })))
      return replays.map(replay => replay.kind === 'replayed' && replay.isSynced)
    }
    for (const key of ['a', 'b', 'c']) await append(store, say(target, key, { key }))
    const { conversationId } = await activeFence(store, target.guestId)
    await store.markConversationSynced(conversationId, 2, false)
    assert.deepEqual(await isSynced(), [false, false, true])
    await store.markConversationSynced(conversationId, 1, true)
    assert.deepEqual(await isSynced(), [true, false, true])
    await store.markConversationSynced(conversationId, 3, true)
    assert.deepEqual(await isSynced(), [true, true, true])
  },

  'sync marks: guests whose copy lacks a message, unless it is too large for a copy': async ({ store }) => {
    const [small, large, whole] = [newGuest(), newGuest(), newGuest()]
    const [inSmall, inLarge] = [
      await tell(store, guest(small), ['ab', 'c']),
      await tell(store, guest(large), ['a'.repeat(1_000)]),
      await tell(store, guest(whole), ['a']),
    ]
    await store.markSynced(
      [...inSmall, ...inLarge].map(({ messageId }) => messageId),
      false,
    )
    const unsynced = async (maxCopyBytes: number) => {
      const guests = new Set<string>(await store.unsyncedGuests(maxCopyBytes, everyone))
      return [small, large, whole].map(guestId => guests.has(guestId))
    }
    assert.deepEqual(await unsynced(1_000), [true, false, false])
    assert.deepEqual(await unsynced(2_000), [true, true, false])
    assert.equal((await store.unsyncedGuests(2_000, 1)).length, 1)
    await store.markSynced(
      [...inSmall, ...inLarge].map(({ messageId }) => messageId),
      true,
    )
    assert.deepEqual(await unsynced(2_000), [false, false, false])
  },

  'idle guests: by their last message, the longest idle first, and users never': async ({ store }) => {
    const [one, two, userId] = [newGuest(), newGuest(), newUser()]
    await tell(store, guest(one), ['a'])
    await tell(store, guest(two), ['a'])
    await clockTick()
    await tell(store, guest(one), ['b'])
    const { conversationId } = await store.createConversation(userId)
    await tell(store, user(userId, conversationId), ['a'])
    const idle: readonly string[] = await store.idleGuests(farFuture, everyone)
    assert.deepEqual(
      idle.filter(guestId => guestId === one || guestId === two),
      [two, one],
    )
    assert(!idle.includes(userId))
    assert.deepEqual(
      (await store.idleGuests(longAgo, everyone)).filter(guestId => guestId === one),
      [],
    )
    assert.equal((await store.idleGuests(farFuture, 1)).length, 1)
  },

  'secrets: are kept once, and not for a guest who exists': async ({ store, other }) => {
    const [one, two, known] = [newGuest(), newGuest(), newGuest()]
    await tell(store, guest(known), ['a'])
    assert.equal(await store.registerGuest(one, 'first'), true)
    assert.equal(await other.registerGuest(one, 'second'), false)
    assert.equal(await store.registerGuest(known, 'late'), false)
    assert.equal(await other.secretHash(one), 'first')
    assert.equal(await store.secretHash(known), undefined)
    assert.equal(await store.secretHash(two), undefined)
    const together = await Promise.all([store.registerGuest(two, 'x'), other.registerGuest(two, 'y')])
    assert.deepEqual(together.toSorted(), [false, true])
  },

  'secrets: outlive messages, erasing and migration, so that nobody else takes the name': async ({ store }) => {
    const [erased, migrated] = [newGuest(), newGuest()]
    for (const guestId of [erased, migrated]) {
      await store.registerGuest(guestId, 'hash')
      await tell(store, guest(guestId), ['a'])
    }
    await store.eraseGuest(erased)
    await store.migrateGuest(migrated, newUser())
    for (const guestId of [erased, migrated]) {
      assert.equal(await store.secretHash(guestId), 'hash')
      assert.equal(await store.registerGuest(guestId, 'thief'), false)
    }
  },

  'idempotency keys: are forgotten when they are old, so many at a time': async ({ store }) => {
    const target = guest(newGuest())
    for (const key of ['a', 'b']) await append(store, say(target, key, { key }))
    assert.equal(await store.forgetIdempotencyKeys(longAgo, everyone), 0)
    assert.equal((await append(store, say(target, 'a', { key: 'a' }))).kind, 'replayed')
    assert.equal(await store.forgetIdempotencyKeys(farFuture, 1), 1)
    assert((await store.forgetIdempotencyKeys(farFuture, everyone)) >= 1)
    assert.equal(await store.forgetIdempotencyKeys(farFuture, everyone), 0)
    const anew = expectSaved(await append(store, say(target, 'other', { key: 'a' })))
    assert.equal(anew.sequence, 2)
  },
}
