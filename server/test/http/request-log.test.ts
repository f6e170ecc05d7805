import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AnsweredRequest } from '../../src/http/request-log.ts'
import { post } from './exchange.ts'
import { openStores, type Stores, startServer } from './running-server.ts'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores?.[Symbol.asyncDispose]())

describe('what is told of requests', () => {
  it('A6 every answer is announced by its route’s pattern, and logged at debug level without anybody’s id', async () => {
    const answers: AnsweredRequest[] = []
    const onAnswered = (answer: AnsweredRequest) => void answers.push(answer)
    await using server = await startServer(stores, { onAnswered, environment: { LOG_LEVEL: 'debug' } })
    await post(`${server.url}/v1/guest/chat/private-guest`, { role: 'user', content: 'private words' })
    await fetch(`${server.url}/v1/guest/chat/private%20guest`)
    await fetch(`${server.url}/private`)
    await fetch(`${server.url}/healthz`)
    await expect.poll(() => answers.length).toBe(4)
    expect(answers).toMatchObject([
      { method: 'POST', route: '/v1/guest/chat/:guest_id', status: 200, durationMs: expect.any(Number) },
      { method: 'GET', route: '/v1/guest/chat/:guest_id', status: 400 },
      { method: 'GET', route: 'unknown', status: 404 },
      { method: 'GET', route: '/healthz', status: 200 },
    ])
    for (const { durationMs } of answers) expect(durationMs).toBeGreaterThan(0)
    expect(server.logLines).toHaveLength(4)
    expect(server.logLines[0]).toMatchObject({ level: 20, msg: 'answered', status: 200 })
    expect(JSON.stringify(server.logLines)).not.toMatch(/private/)
  })

  it('A6 at info level requests leave no line', async () => {
    await using server = await startServer(stores)
    await post(`${server.url}/v1/guest/chat/quiet`, { role: 'user', content: 'x' })
    await fetch(`${server.url}/nowhere`)
    expect(server.logLines).toEqual([])
  })
})
