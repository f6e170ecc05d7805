import assert from 'node:assert/strict'
import {
  activeFence,
  append,
  clockTick,
  contentsOf,
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
  wholeHistory,
} from './scene.ts'

export const readPromises: Promises = {
  'fences: stand in the order asked, for known and unknown guests alike': async ({ store }) => {
    const [one, two, never] = [newGuest(), newGuest(), newGuest()]
    const [first, second] = await tell(store, guest(one), ['Grüße', 'you'])
    await tell(store, guest(two), ['x'])
    const fences = await store.fences([two, never, one, two])
    assert.deepEqual(
      fences.map(fence => fence.kind),
      ['active', 'unknown', 'active', 'active'],
    )
    assert.deepEqual(fences[2], {
      kind: 'active',
      epoch: expectSaved(first).epoch,
      conversationId: expectSaved(first).conversationId,
      nextSequence: 2,
      head: expectSaved(second).messageId,
      contentBytes: 10,
    })
    assert.deepEqual(fences[0], fences[3])
    assert.deepEqual(await store.fences([]), [])
  },

  'fences: the head is the last message, and an append tells the head before its batch': async ({ store }) => {
    const [one, two] = [newGuest(), newGuest()]
    const [first, second] = await tell(store, guest(one), ['a', 'b'])
    const [third, fourth, other] = (
      await store.append([say(guest(one), 'c'), say(guest(one), 'd'), say(guest(two), 'x')], settings)
    ).map(expectSaved)
    assert.deepEqual(
      [first, second, third, fourth, other].map(saved => saved?.headBefore),
      [undefined, undefined, second?.messageId, second?.messageId, undefined],
    )
    assert.equal((await activeFence(store, one)).head, fourth?.messageId)
    assert.equal((await activeFence(store, two)).head, other?.messageId)
    await store.eraseGuest(one)
    const [anew] = await tell(store, guest(one), ['e'])
    assert.equal(anew?.headBefore, undefined)
    assert.equal((await activeFence(store, one)).head, anew?.messageId)
  },

  'fences: a guest with a secret and no message is unknown': async ({ store }) => {
    const guestId = newGuest()
    await store.registerGuest(guestId, 'hash')
    assert.deepEqual(await store.fences([guestId]), [{ kind: 'unknown' }])
  },

  'page: an unknown guest and an unknown conversation': async ({ store }) => {
    assert.deepEqual(await store.page(guest(newGuest()), wholeHistory), { kind: 'unknown' })
    assert.deepEqual(await store.page(user(newUser(), nowhere()), wholeHistory), { kind: 'unknown' })
  },

  'page: goes on after a sequence, as far as its limit': async ({ store }) => {
    const target = guest(newGuest())
    await tell(store, target, ['a', 'b', 'c', 'd', 'e'])
    const { epoch, head } = await activeFence(store, target.guestId)
    const contents = async (afterSequence: number, limit: number) => {
      const page = await store.page(target, { afterSequence, limit, maxBytes: 1_000 })
      assert(page.kind === 'page')
      assert.deepEqual([page.nextSequence, page.head, page.epoch], [5, head, epoch])
      return page.messages.map(message => message.content).join('')
    }
    assert.equal(await contents(-1, 2), 'ab')
    assert.equal(await contents(1, 2), 'cd')
    assert.equal(await contents(3, 2), 'e')
    assert.equal(await contents(4, 2), '')
    assert.equal(await contents(1_000, 2), '')
    assert.equal(await contents(-1, 1_000), 'abcde')
  },

  'page: ends before its contents pass a number of bytes, but holds one message': async ({ store }) => {
    const target = guest(newGuest())
    await tell(store, target, ['äää', 'bbbb', 'c', 'd'])
    const contents = async (maxBytes: number, afterSequence = -1) => {
      const page = await store.page(target, { afterSequence, limit: 100, maxBytes })
      return page.kind === 'page' ? page.messages.map(message => message.content) : undefined
    }
    assert.deepEqual(await contents(12), ['äää', 'bbbb', 'c', 'd'])
    assert.deepEqual(await contents(11), ['äää', 'bbbb', 'c'])
    assert.deepEqual(await contents(10), ['äää', 'bbbb'])
    assert.deepEqual(await contents(9), ['äää'])
    assert.deepEqual(await contents(1), ['äää'])
    assert.deepEqual(await contents(1, 0), ['bbbb'])
    assert.deepEqual(await contents(5, 0), ['bbbb', 'c'])
  },

  'page: a page and its fence are of one moment': async ({ store, other }) => {
    const target = guest(newGuest())
    await tell(store, target, ['first'])
    let writing = true
    const writes = (async () => {
      for (let index = 0; index < 60; index += 1) await append(other, say(target, `${index}`))
      writing = false
    })()
    while (writing) {
      const page = await store.page(target, wholeHistory)
      assert(page.kind === 'page')
      assert.equal(page.messages.length, page.nextSequence)
    }
    await writes
  },

  'page: a user reads own conversations only': async ({ store }) => {
    const [owner, stranger] = [newUser(), newUser()]
    const { conversationId } = await store.createConversation(owner)
    assert.deepEqual(await store.page(user(owner, conversationId), wholeHistory), {
      kind: 'page',
      messages: [],
      nextSequence: 0,
      head: undefined,
      epoch: 0,
    })
    await tell(store, user(owner, conversationId), ['a'])
    assert.deepEqual(await contentsOf(store, user(owner, conversationId)), ['a'])
    assert.equal(await contentsOf(store, user(stranger, conversationId)), undefined)
  },

  'page: a guest’s conversation is no user’s, whatever the user is called': async ({ store }) => {
    const guestId = newGuest()
    const [saved] = await tell(store, guest(guestId), ['a'])
    const namesake = guestId as string as ReturnType<typeof newUser>
    assert.equal(await contentsOf(store, user(namesake, expectSaved(saved).conversationId)), undefined)
  },

  'list: a walk goes on where it was, whatever is used, begun or erased meanwhile': async ({ store }) => {
    const userId = newUser()
    const begun = []
    // Those of one instant, too, stand in an order.
    const together = Array.from({ length: 3 }, () => store.createConversation(userId))
    begun.push(...(await Promise.all(together)).map(({ conversationId }) => conversationId))
    await clockTick()
    for (let index = 0; index < 4; index += 1) begun.push((await store.createConversation(userId)).conversationId)
    const all = await store.listConversations(userId, { limit: 10, offset: 0 })
    const walked = []
    let after = all[0]
    while (after !== undefined) {
      walked.push(after.conversationId)
      await clockTick()
      // What was met moves to the front, a new one comes before it, and the place itself may be gone.
      await tell(store, user(userId, after.conversationId), ['x'])
      await store.createConversation(userId)
      await store.eraseConversation(userId, after.conversationId)
      after = (await store.listConversations(userId, { limit: 1, offset: 0, after }))[0]
    }
    assert.deepEqual(
      walked,
      all.map(({ conversationId }) => conversationId),
    )
    assert.equal(walked.length, begun.length)
  },

  'list: a user’s conversations, the last used first, page by page': async ({ store }) => {
    const userId = newUser()
    const ids = []
    for (let index = 0; index < 3; index += 1) ids.push((await store.createConversation(userId)).conversationId)
    await clockTick()
    const [first, second, third] = ids
    assert(first !== undefined && second !== undefined && third !== undefined)
    await tell(store, user(userId, second), ['x', 'y'])
    await clockTick()
    await tell(store, user(userId, first), ['x'])
    const all = await store.listConversations(userId, { limit: 10, offset: 0 })
    assert.deepEqual(
      all.map(({ conversationId, messageCount }) => [conversationId, messageCount]),
      [
        [first, 1],
        [second, 2],
        [third, 0],
      ],
    )
    assert.deepEqual(await store.listConversations(userId, { limit: 1, offset: 1 }), all.slice(1, 2))
    assert.deepEqual(await store.listConversations(userId, { limit: 10, offset: 3 }), [])
    for (const [index, after] of all.entries()) {
      assert.deepEqual(await store.listConversations(userId, { limit: 10, offset: 0, after }), all.slice(index + 1))
      assert.deepEqual(
        await store.listConversations(userId, { limit: 1, offset: 1, after }),
        all.slice(index + 2, index + 3),
      )
    }
    assert.deepEqual(await store.listConversations(newUser(), { limit: 10, offset: 0 }), [])
    for (const { createdAt, updatedAt } of all) {
      assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z$/)
      assert(updatedAt >= createdAt)
    }
  },
}
