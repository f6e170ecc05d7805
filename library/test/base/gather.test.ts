import { setImmediate as nextTurn } from 'node:timers/promises'
import { type GatherOptions, gather, RepriseError } from 'reprise'
import { describe, expect, it } from 'vitest'

/** Runs batches that end when they are told to. */
function controlled(options: Partial<GatherOptions<string, string>> = {}) {
  const batches: { readonly requests: readonly string[]; readonly end: (error?: Error) => void }[] = []
  const ask = gather<string, string>({
    run: requests =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) =>
          error === undefined ? resolve(requests.map(text => text.toUpperCase())) : reject(error)
        batches.push({ requests, end })
      }),
    maxBatch: 100,
    maxRunning: 1,
    maxWaiting: 100,
    ...options,
  })
  return { ask, batches, taken: () => batches.map(({ requests }) => requests) }
}

describe('gather', () => {
  it('takes what arrives in one tick together, and what comes while it runs into the next', async () => {
    const { ask, batches, taken } = controlled()
    const first = [ask('a'), ask('b')]
    await nextTurn()
    const second = [ask('c'), ask('d')]
    await nextTurn()
    expect(taken()).toEqual([['a', 'b']])
    expect(ask.waiting).toBe(2)
    batches[0]?.end()
    expect(await Promise.all(first)).toEqual(['A', 'B'])
    expect(taken()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    batches[1]?.end()
    expect(await Promise.all(second)).toEqual(['C', 'D'])
  })

  it('keeps batches within their bound, and as many running as it may', async () => {
    const { ask, batches, taken } = controlled({ maxBatch: 2, maxRunning: 2 })
    const asked = ['a', 'b', 'c', 'd', 'e'].map(ask)
    await nextTurn()
    expect(taken()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    for (const { end } of batches) end()
    await nextTurn()
    batches[2]?.end()
    expect(await Promise.all(asked)).toEqual(['A', 'B', 'C', 'D', 'E'])
  })

  it('begins a batch beside one that runs only once it is worth it', async () => {
    const { ask, batches, taken } = controlled({ maxRunning: 2, minBeside: 3 })
    const asked = [ask('a')]
    await nextTurn()
    asked.push(ask('b'), ask('c'))
    await nextTurn()
    expect(taken()).toEqual([['a']])
    asked.push(ask('d'))
    await nextTurn()
    expect(taken()).toEqual([['a'], ['b', 'c', 'd']])
    asked.push(ask('e'))
    for (const { end } of batches) end()
    await Promise.all(asked.slice(0, 4))
    await nextTurn()
    expect(taken()).toEqual([['a'], ['b', 'c', 'd'], ['e']])
    batches[2]?.end()
    expect(await Promise.all(asked)).toEqual(['A', 'B', 'C', 'D', 'E'])
  })

  it('counts only what may run towards that', async () => {
    const { ask, batches, taken } = controlled({ maxRunning: 2, minBeside: 2, keyOf: request => request.charAt(0) })
    const asked = [ask('a1')]
    await nextTurn()
    asked.push(ask('a2'), ask('b1'))
    await nextTurn()
    expect(taken()).toEqual([['a1']])
    batches[0]?.end()
    await nextTurn()
    expect(taken()).toEqual([['a1'], ['a2', 'b1']])
    batches[1]?.end()
    expect(await Promise.all(asked)).toEqual(['A1', 'A2', 'B1'])
  })

  it('never has a key in two running batches, and keeps its order of arrival', async () => {
    const { ask, batches, taken } = controlled({ maxRunning: 2, keyOf: request => request.charAt(0) })
    const asked = [ask('a1')]
    await nextTurn()
    asked.push(ask('a2'), ask('b1'), ask('a3'))
    await nextTurn()
    expect(taken()).toEqual([['a1'], ['b1']])
    batches[0]?.end()
    await nextTurn()
    expect(taken()[2]).toEqual(['a2', 'a3'])
    for (const { end } of batches) end()
    expect(await Promise.all(asked)).toEqual(['A1', 'A2', 'B1', 'A3'])
  })

  it('refuses what would wait past its bound', async () => {
    const { ask, batches } = controlled({ maxWaiting: 1 })
    const running = ask('a')
    await nextTurn()
    const waiting = ask('b')
    await expect(ask('c')).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 })
    await expect(ask('d')).rejects.toBeInstanceOf(RepriseError)
    batches[0]?.end()
    await nextTurn()
    batches[1]?.end()
    expect([await running, await waiting]).toEqual(['A', 'B'])
  })

  it('rejects all of a batch that failed, and goes on', async () => {
    const { ask, batches } = controlled()
    const failing = [ask('a'), ask('b')]
    await nextTurn()
    const next = ask('c')
    batches[0]?.end(new Error('no'))
    for (const outcome of await Promise.allSettled(failing)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'no' } })
    }
    await nextTurn()
    batches[1]?.end()
    expect(await next).toBe('C')
  })
})
