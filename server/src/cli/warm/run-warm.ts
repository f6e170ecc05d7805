import { readFile } from 'node:fs/promises'
import { messageOf, RepriseError } from 'reprise'
import { exitCodes } from '../exit-codes.ts'
import { atOnce } from '../load/at-once.ts'
import { showProgress } from '../progress.ts'
import { type RunningServer, refusal, runningServer } from '../running/running-server.ts'
import type { ServerOptions } from '../running/server-options.ts'
import { table } from '../table.ts'
import { readWarmFile, type UnreadableLine, type WarmRequest } from './warm-file.ts'

export interface WarmOptions extends ServerOptions {
  readonly concurrency: number
  /** Holds the credential of the callers of the gateway. */
  readonly apiKeyFile?: string
}

const mostShown = 10

/** What became of the requests: kept before, filled now, answered without being kept, failed. */
interface WarmReport {
  requests: number
  hits: number
  filled: number
  uncached: number
  failed: number
  readonly failures: { readonly line: number; readonly reason: string }[]
}

/** Reads the file once through, so that a wrong one sends nothing; then replays it and prints what became of it. */
export async function runWarm(file: string, options: WarmOptions): Promise<void> {
  const total = await survey(file)
  if (total === undefined) return
  const server = await runningServer(options)
  const caller = await callerHeaders(options)
  const report: WarmReport = { requests: 0, hits: 0, filled: 0, uncached: 0, failed: 0, failures: [] }
  const progress = showProgress('warming', total, 'requests')
  try {
    await atOnce(requests(file), options.concurrency, async request => {
      await warm(server, { ...request, headers: { ...(request.asCaller ? caller : {}), ...request.headers } }, report)
      progress.advance()
    })
  } finally {
    progress.end()
  }
  if (report.failed > 0) process.exitCode = exitCodes.failed
  if (options.json) {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  const { failures, ...counts } = report
  process.stdout.write(table([counts]))
  for (const { line, reason } of failures) process.stdout.write(`line ${line}: ${reason}\n`)
  if (counts.uncached > 0)
    process.stdout.write('uncached: answered, but not kept; x-reprise-reason of such a call says why.\n')
}

async function warm(server: RunningServer, request: WarmRequest, report: WarmReport): Promise<void> {
  report.requests += 1
  const answer = await server.send(request)
  if (!answer.ok) {
    report.failed += 1
    const reason = messageOf(await refusal(answer, server.url))
    if (report.failures.length < mostShown) report.failures.push({ line: request.line, reason })
    return
  }
  await answer.arrayBuffer()
  report[kindOf(answer.headers)] += 1
}

/** Histories say where they came from, answers what the cache did. */
function kindOf(headers: Headers): 'hits' | 'filled' | 'uncached' {
  const source = headers.get('x-reprise-source')
  if (source !== null) return source === 'postgresql' ? 'filled' : 'hits'
  const state = headers.get('x-reprise-cache')
  if (state === 'hit') return 'hits'
  return state === 'miss' || state === 'coalesced' ? 'filled' : 'uncached'
}

async function callerHeaders({ apiKeyFile }: WarmOptions): Promise<Readonly<Record<string, string>>> {
  if (apiKeyFile === undefined) return {}
  const key = await readFile(apiKeyFile, 'utf8').catch((cause: unknown) => {
    throw new RepriseError('invalid_setting', `--api-key-file ${apiKeyFile} cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  })
  return { authorization: `Bearer ${key.trim()}` }
}

/** How many requests the file holds; undefined, with words and the exit code, where it cannot be used. */
async function survey(file: string): Promise<number | undefined> {
  let total = 0
  const unreadable: UnreadableLine[] = []
  try {
    for await (const entry of readWarmFile(file)) {
      if ('reason' in entry) unreadable.push(entry)
      else total += 1
      if (unreadable.length >= mostShown) break
    }
  } catch (error) {
    throw new RepriseError('invalid_setting', `${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (unreadable.length === 0) return total
  for (const { line, reason } of unreadable) process.stderr.write(`${file}:${line} ${reason}\n`)
  process.stderr.write('Nothing was sent. Mend these lines and run it again.\n')
  process.exitCode = exitCodes.wrongUsage
  return undefined
}

async function* requests(file: string): AsyncGenerator<WarmRequest> {
  for await (const entry of readWarmFile(file)) {
    if ('reason' in entry) throw new Error(`line ${entry.line} ${entry.reason}: the file has changed while it was read`)
    yield entry
  }
}
