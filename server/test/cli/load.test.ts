import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFaultyChat } from './faulty-chat.ts'
import { runCli } from './run-cli.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-load-'))
})
afterAll(() => rm(directory, { recursive: true }))

const talk = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    // Real people repeat themselves.
    content: index % 3 === 0 ? 'Yes, please.' : `Sentence ${index}`,
  }))

async function fileOf(name: string, ...lines: readonly unknown[]): Promise<string> {
  const path = join(directory, name)
  const text = lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
  await writeFile(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

async function load(file: string, url: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['load', file, '--url', url, '--json', ...args])
  return { code, stderr, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

describe('reprise load', () => {
  it('replays a gzipped file in order and finds nothing missing', async () => {
    await using chat = await startFaultyChat()
    const conversations = Array.from({ length: 20 }, (_, id) => ({ id: `c-${id}`, messages: talk(7) }))
    const { code, result } = await load(await fileOf('plain.jsonl.gz', ...conversations), chat.url)
    expect(result).toMatchObject({ conversations: 20, messages: 140, lost: 0, doubled: 0, outOfOrder: 0, altered: 0 })
    expect(code).toBe(0)
    expect(chat.histories.get('load-c-3')?.map(({ role, content }) => ({ role, content }))).toEqual(talk(7))
  })

  it('stores nothing twice when it is run again, gzipped or not', async () => {
    await using chat = await startFaultyChat()
    const conversation = { id: 'again', messages: talk(9) }
    await load(await fileOf('again.jsonl', conversation), chat.url)
    const longer = { ...conversation, messages: talk(12) }
    const { code } = await load(await fileOf('again.jsonl.gz', longer), chat.url)
    expect(code).toBe(0)
    expect(chat.appends).toBe(21)
    expect(chat.histories.get('load-again')).toHaveLength(12)
  })

  it.each([
    ['lost', 1, (history: readonly object[]) => history.toSpliced(4, 1)],
    ['doubled', 1, (history: readonly object[]) => history.toSpliced(4, 0, ...history.slice(4, 5))],
    ['doubled', 1, (history: readonly object[]) => [...history, ...history.slice(0, 1)]],
    [
      'outOfOrder',
      1,
      (history: readonly object[]) => [...history.slice(0, 4), ...history.slice(5), ...history.slice(4, 5)],
    ],
    ['altered', 1, (history: readonly object[]) => history.with(5, { ...history[5], content: 'No.' })],
    ['altered', 1, (history: readonly object[]) => history.with(5, { ...history[5], role: 'system' })],
    [
      'foreign',
      2,
      (history: readonly object[]) => [
        ...history,
        { role: 'tool', content: 'x', timestamp: '' },
        { role: 'tool', content: 'y', timestamp: '' },
      ],
    ],
  ])('reports what is %s', async (fault, count, spoil) => {
    const kept = { lost: 0, doubled: 0, outOfOrder: 0, altered: 0, foreign: 0 }
    await using chat = await startFaultyChat({
      spoil: (history, guest) => (guest === 'load-bad' ? (spoil(history) as typeof history) : history),
    })
    const good = { id: 'good', messages: talk(8) }
    const { code, result } = await load(await fileOf('spoilt.jsonl', good, { id: 'bad', messages: talk(8) }), chat.url)
    expect(result).toMatchObject({ ...kept, [fault]: count })
    expect(result.faulty).toMatchObject([{ line: 2, guest: 'load-bad' }])
    expect(code).toBe(1)
  })

  it('keeps timestamps and reports an altered one', async () => {
    const messages = [{ role: 'user', content: 'Hi', timestamp: '2020-02-29T12:00:00+01:00' }]
    const file = await fileOf('times.jsonl', { id: 'timed', messages })
    await using chat = await startFaultyChat()
    expect(await load(file, chat.url)).toMatchObject({ code: 0 })
    expect(chat.histories.get('load-timed')?.[0]?.timestamp).toBe('2020-02-29T11:00:00.000Z')
    await using late = await startFaultyChat({
      spoil: history => history.map(message => ({ ...message, timestamp: '2020-03-01T00:00:00.000Z' })),
    })
    expect(await load(file, late.url)).toMatchObject({ code: 1, result: { altered: 1 } })
  })

  it('reads by cursor what does not fit into one answer', async () => {
    await using chat = await startFaultyChat({ maxHistory: 5 })
    const { code, result } = await load(await fileOf('long.jsonl', { id: 'long', messages: talk(11) }), chat.url)
    expect(result).toMatchObject({ messages: 11, lost: 0, doubled: 0 })
    expect(code).toBe(0)
  })

  it('is patient with a server that asks for it', async () => {
    let refusals = 0
    await using chat = await startFaultyChat({
      refuse: (_, response) => {
        if (refusals >= 3) return false
        refusals += 1
        if (refusals % 3 === 0) response.destroy()
        else response.writeHead(refusals % 2 ? 503 : 429, { 'retry-after': '0' }).end()
        return true
      },
    })
    const { code, result } = await load(await fileOf('patient.jsonl', { id: 'p', messages: talk(5) }), chat.url)
    expect(result).toMatchObject({ lost: 0, doubled: 0, refused: 0 })
    expect([code, refusals]).toEqual([0, 3])
  })

  it('does not wait longer than its patience', async () => {
    await using chat = await startFaultyChat({
      refuse: (_, response) => {
        response.writeHead(429, { 'retry-after': '3600' }).end('{"code":"quota_exceeded","detail":"Used up."}')
        return true
      },
    })
    const { code, stderr } = await load(await fileOf('quota.jsonl', { id: 'q', messages: talk(2) }), chat.url)
    expect(code).toBe(1)
    expect(stderr).toContain('quota_exceeded')
  })

  it('names the server that cannot be reached, and how to go on', async () => {
    const file = await fileOf('nobody.jsonl', { id: 'n', messages: talk(2) })
    const { code, stderr } = await load(file, 'http://127.0.0.1:9', '--patience', '1')
    expect(code).toBe(1)
    expect(stderr).toMatch(/ECONNREFUSED.*127\.0\.0\.1:9[\s\S]*Run it again/)
  })

  it('sends nothing when lines cannot be read, and names them', async () => {
    await using chat = await startFaultyChat()
    const file = await fileOf(
      'broken.jsonl',
      { id: 'fine', messages: talk(1) },
      '{"id": "cut off',
      { id: 'x', messages: [{ role: 'user' }] },
      '',
      { id: 'x', messages: [{ role: 'user', content: 'Hi', timestamp: '2026-02-30T00:00:00Z' }] },
      { id: 'fine', messages: [] },
    )
    const { code, stderr, result } = await load(file, chat.url)
    expect(code).toBe(2)
    expect(result).toBeUndefined()
    expect(chat.appends).toBe(0)
    expect(stderr).toContain('broken.jsonl:2 ')
    expect(stderr).toContain('broken.jsonl:3 cannot be read: messages[0].content must be a text')
    expect(stderr).toContain('broken.jsonl:5 ')
    expect(stderr).toContain('broken.jsonl:6 repeats the id of line 1')
  })

  it('makes any id a guest of its own', async () => {
    await using chat = await startFaultyChat()
    const ids = ['a b', 'a_b', 'a/b', 'ü', 'x'.repeat(300), 'x'.repeat(301), 7, '']
    const file = await fileOf('ids.jsonl', ...ids.map(id => ({ id, messages: talk(1) })))
    expect(await load(file, chat.url)).toMatchObject({ code: 0, result: { lost: 0, doubled: 0 } })
    expect(chat.histories.size).toBe(ids.length)
    for (const guest of chat.histories.keys()) expect(guest).toMatch(/^load-[A-Za-z0-9_.:-]{0,123}$/)
  })

  it('refuses wrong usage with exit code 2', async () => {
    expect(await runCli(['load'])).toMatchObject({ code: 2 })
    expect(await runCli(['load', 'x', '--url', 'ftp://x'])).toMatchObject({ code: 2 })
    expect(await runCli(['load', 'x', '--concurrency', '0'])).toMatchObject({ code: 2 })
    expect(await runCli(['load', join(directory, 'absent.jsonl')])).toMatchObject({ code: 2 })
  })
})
