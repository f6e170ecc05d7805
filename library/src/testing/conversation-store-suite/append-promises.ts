import assert from 'node:assert/strict'
import {
  append,
  contentsOf,
  enforced,
  expectSaved,
  guest,
  kindsOf,
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

export const appendPromises: Promises = {
  'append: sequences count from 0 without a gap, in the order of the batch, each conversation for itself': async ({
    store,
  }) => {
    const [one, two] = [guest(newGuest()), guest(newGuest())]
    const first = await store.append([say(one, 'a'), say(two, 'x'), say(one, 'b'), say(two, 'y')], settings)
    const second = await store.append([say(one, 'c'), say(two, 'z')], settings)
    const sequences = [...first, ...second].map(outcome => expectSaved(outcome).sequence)
    assert.deepEqual(sequences, [0, 0, 1, 1, 2, 2])
    assert.deepEqual(await contentsOf(store, one), ['a', 'b', 'c'])
    assert.deepEqual(await contentsOf(store, two), ['x', 'y', 'z'])
  },

  'append: a message comes back as it was sent': async ({ store }) => {
    const target = guest(newGuest())
    const contents = [
      'plain',
      '"quoted" \\ back\nnew\ttab',
      'Grüße 你好 🙂 \u2028',
      '{a,NULL,"b"}',
      ' ',
      'x'.repeat(262_144),
    ]
    const timestamps = [
      '2026-01-31T12:00:00.000Z',
      '2026-01-31T12:00:00.123456Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999999Z',
    ]
    const requests = contents.map((content, index) =>
      say(target, content, {
        role: (['user', 'assistant', 'system', 'tool'] as const)[index % 4] ?? 'user',
        timestamp: timestamps[index % 4] ?? '',
      }),
    )
    const outcomes = await store.append(requests, settings)
    const page = await store.page(target, wholeHistory)
    assert(page.kind === 'page')
    assert.deepEqual(
      page.messages,
      requests.map((request, sequence) => ({ ...request.message, messageId: request.messageId, sequence })),
    )
    assert.deepEqual(
      outcomes.map(outcome => expectSaved(outcome).messageId),
      requests.map(request => request.messageId),
    )
  },

  'append: an empty batch has no outcomes': async ({ store }) => {
    assert.deepEqual(await store.append([], settings), [])
  },

  'append: the same words without a key are two messages': async ({ store }) => {
    const target = guest(newGuest())
    await tell(store, target, ['yes', 'yes'])
    await tell(store, target, ['yes'])
    assert.deepEqual(await contentsOf(store, target), ['yes', 'yes', 'yes'])
  },

  'append: a key that came before with the same body gets the first place again': async ({ store }) => {
    const target = guest(newGuest())
    await tell(store, target, ['before'])
    const first = expectSaved(await append(store, say(target, 'once', { key: 'k' })))
    await tell(store, target, ['after'])
    const { messageId, conversationId, sequence } = first
    const replay = await append(store, say(target, 'once', { key: 'k' }))
    assert.deepEqual(replay, { kind: 'replayed', isSynced: true, messageId, conversationId, sequence })
    await store.markSynced([messageId], false)
    const unsynced = await append(store, say(target, 'once', { key: 'k' }))
    assert.deepEqual(unsynced, { kind: 'replayed', isSynced: false, messageId, conversationId, sequence })
    assert.deepEqual(await contentsOf(store, target), ['before', 'once', 'after'])
  },

  'append: a key that came before with another body is refused, and nothing is stored': async ({ store }) => {
    const target = guest(newGuest())
    await append(store, say(target, 'once', { key: 'k' }))
    assert.deepEqual(await append(store, say(target, 'other', { key: 'k' })), { kind: 'key_conflict' })
    assert.deepEqual(await contentsOf(store, target), ['once'])
  },

  'append: a key counts within a batch as it does between batches': async ({ store }) => {
    const target = guest(newGuest())
    const outcomes = await store.append(
      [
        say(target, 'one', { key: 'k' }),
        say(target, 'one', { key: 'k' }),
        say(target, 'other', { key: 'k' }),
        say(target, 'two'),
        say(target, 'three', { key: 'l' }),
        say(target, 'one', { key: 'k' }),
      ],
      settings,
    )
    assert.deepEqual(kindsOf(outcomes), ['saved', 'replayed', 'key_conflict', 'saved', 'saved', 'replayed'])
    const { messageId, conversationId, sequence } = expectSaved(outcomes[0])
    assert.deepEqual(outcomes[5], { kind: 'replayed', isSynced: true, messageId, conversationId, sequence })
    assert.deepEqual(await contentsOf(store, target), ['one', 'two', 'three'])
  },

  'append: keys of two conversations are two keys': async ({ store }) => {
    const [one, two] = [guest(newGuest()), guest(newGuest())]
    const outcomes = await store.append([say(one, 'a', { key: 'k' }), say(two, 'b', { key: 'k' })], settings)
    assert.deepEqual(kindsOf(outcomes), ['saved', 'saved'])
  },

  'append: the quota goes by order of arrival, and what is refused leaves no trace': async ({ store }) => {
    const [target, other] = [guest(newGuest()), guest(newGuest())]
    const batch = ['a', 'b', 'c', 'd'].flatMap(content => [say(target, content), say(other, content)])
    const outcomes = await store.append(batch.slice(0, 7), enforced(3))
    const refused = { kind: 'over_quota', limit: 3 }
    assert.deepEqual(kindsOf(outcomes.slice(0, 6)), Array(6).fill('saved'))
    assert.deepEqual(outcomes[6], refused)
    assert.deepEqual(await append(store, say(target, 'e'), enforced(3)), refused)
    assert.deepEqual(await append(store, say(target, 'f'), enforced(3)), refused)
    assert.deepEqual(await contentsOf(store, target), ['a', 'b', 'c'])
    assert.equal(expectSaved(await append(store, say(target, 'g'))).sequence, 3)
  },

  'append: the limit is the one that a guest began with': async ({ store }) => {
    const target = guest(newGuest())
    await append(store, say(target, 'a'), enforced(2))
    assert.equal((await append(store, say(target, 'b'), enforced(1))).kind, 'saved')
    assert.deepEqual(await append(store, say(target, 'c'), enforced(9)), { kind: 'over_quota', limit: 2 })
  },

  'append: a limit of 0 refuses the first message': async ({ store }) => {
    const target = guest(newGuest())
    assert.deepEqual(await append(store, say(target, 'a'), enforced(0)), { kind: 'over_quota', limit: 0 })
    assert.deepEqual((await contentsOf(store, target)) ?? [], [])
  },

  'append: what was counted while the quota was off counts when it is on': async ({ store }) => {
    const target = guest(newGuest())
    await store.append([say(target, 'a'), say(target, 'b'), say(target, 'c')], { ...settings, guestMonthlyLimit: 2 })
    assert.deepEqual(await append(store, say(target, 'd'), enforced(2)), { kind: 'over_quota', limit: 2 })
  },

  'append: a key is answered again when the quota is used up, and a refused one is not kept': async ({ store }) => {
    const target = guest(newGuest())
    await append(store, say(target, 'a', { key: 'k' }), enforced(1))
    const outcomes = await store.append(
      [
        say(target, 'b', { key: 'l' }),
        say(target, 'a', { key: 'k' }),
        say(target, 'c', { key: 'l' }),
        say(target, 'other', { key: 'k' }),
      ],
      enforced(1),
    )
    assert.deepEqual(kindsOf(outcomes), ['over_quota', 'replayed', 'over_quota', 'key_conflict'])
    assert.equal((await append(store, say(target, 'c', { key: 'l' }))).kind, 'saved')
  },

  'append: users have no monthly limit': async ({ store }) => {
    const userId = newUser()
    const { conversationId } = await store.createConversation(userId)
    const outcomes = await store.append(
      ['a', 'b', 'c'].map(content => say(user(userId, conversationId), content)),
      enforced(1),
    )
    assert.deepEqual(kindsOf(outcomes), ['saved', 'saved', 'saved'])
  },

  'append: only its user writes to a conversation': async ({ store }) => {
    const [owner, stranger] = [newUser(), newUser()]
    const { conversationId } = await store.createConversation(owner)
    const guestId = newGuest()
    const [saved] = await tell(store, guest(guestId), ['mine'])
    const ofGuest = expectSaved(saved).conversationId
    const outcomes = await store.append(
      [
        say(user(stranger, conversationId), 'theirs'),
        say(user(owner, conversationId), 'ours'),
        say(user(owner, nowhere()), 'nowhere'),
        say(user(guestId as string as typeof owner, ofGuest), 'a user named like the guest'),
      ],
      settings,
    )
    const unknown = 'unknown_conversation'
    assert.deepEqual(kindsOf(outcomes), [unknown, 'saved', unknown, unknown])
    assert.deepEqual(await contentsOf(store, user(owner, conversationId)), ['ours'])
  },

  'append: a message that cannot be stored harms no other one of its batch': async ({ store }) => {
    const [one, two] = [guest(newGuest()), guest(newGuest())]
    await tell(store, one, ['known'])
    const batch = [say(one, 'a'), say(one, 'bad\u0000'), say(two, 'x'), say(one, 'b', { key: 'k' })]
    const outcomes = await store.append(batch, settings)
    assert.deepEqual(kindsOf(outcomes), ['saved', 'failed', 'saved', 'saved'])
    assert.equal(expectSaved(outcomes[3]).sequence, 2)
    assert.deepEqual(await contentsOf(store, one), ['known', 'a', 'b'])
    const [again] = await store.append(batch.slice(1, 2), settings)
    assert.equal(again?.kind, 'failed')
  },

  'append: a message id that is taken is refused': async ({ store }) => {
    const target = guest(newGuest())
    const request = say(target, 'a')
    const outcomes = await store.append([request, say(target, 'b'), request], settings)
    assert.deepEqual(kindsOf(outcomes), ['saved', 'saved', 'failed'])
    assert.deepEqual(await contentsOf(store, target), ['a', 'b'])
  },

  'append: servers that write together to new and known conversations lose and double nothing': async ({
    store,
    other,
  }) => {
    const guests = Array.from({ length: 4 }, newGuest)
    const writes = Array.from({ length: 40 }, (_, index) => {
      const batch = guests.map((guestId, position) => say(guest(guestId), `${index}/${position}`))
      const shuffled = batch.toSorted((left, right) => left.contentHash.localeCompare(right.contentHash))
      return (index % 2 === 0 ? store : other).append(shuffled, settings)
    })
    const outcomes = (await Promise.all(writes)).flat()
    assert.equal(new Set(outcomes.map(outcome => expectSaved(outcome).messageId)).size, 160)
    for (const [position, guestId] of guests.entries()) {
      const page = await other.page(guest(guestId), wholeHistory)
      assert(page.kind === 'page')
      assert.deepEqual(
        page.messages.map(message => message.sequence),
        [...Array(40).keys()],
      )
      assert.deepEqual(
        new Set(page.messages.map(message => message.content)),
        new Set([...Array(40).keys()].map(index => `${index}/${position}`)),
      )
    }
  },

  'append: servers that send one key together store it once': async ({ store, other }) => {
    const target = guest(newGuest())
    const tries = Array.from({ length: 20 }, (_, index) =>
      append(index % 2 === 0 ? store : other, say(target, 'once', { key: 'k' })),
    )
    const outcomes = await Promise.all(tries)
    assert.deepEqual(kindsOf(outcomes).toSorted(), [...Array(19).fill('replayed'), 'saved'])
    assert.deepEqual(await contentsOf(store, target), ['once'])
  },
}
