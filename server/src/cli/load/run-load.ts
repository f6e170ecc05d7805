import { messageOf } from 'reprise'
import { exitCodes } from '../exit-codes.ts'
import { showProgress } from '../progress.ts'
import { ChatClient, Refusal } from './chat-client.ts'
import { type FileSurvey, readConversations, surveyFile } from './conversation-file.ts'
import { issuedGuests, namedGuests } from './guests.ts'
import { printResult } from './print-result.ts'
import { readBack, replay } from './replay.ts'

export interface LoadOptions {
  readonly url: URL
  readonly concurrency: number
  readonly guestPrefix: string
  /** The file that issued guests are noted in. */
  readonly guests?: string
  readonly limit?: number
  /** Seconds. */
  readonly patience: number
  readonly onlyVerify?: true
  readonly json?: true
}

/** Surveys the file, replays it, reads it back, prints the result and sets the exit code. */
export async function runLoad(file: string, options: LoadOptions): Promise<void> {
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const survey = await surveyFile(file, limit).catch((error: Error) => error)
  if (survey instanceof Error) {
    process.stderr.write(`reprise: ${file} cannot be read: ${survey.message}\n`)
    process.exitCode = exitCodes.wrongUsage
    return
  }
  if (survey.unreadable.length > 0) return complain(file, survey)

  const interruption = new AbortController()
  const interrupt = () => interruption.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const { url, concurrency, guestPrefix, guests } = options
  const client = new ChatClient({
    url,
    connections: concurrency,
    patienceMs: options.patience * 1_000,
    signal: interruption.signal,
  })
  try {
    const findGuest = guests === undefined ? namedGuests(guestPrefix) : await issuedGuests(guests, client)
    const startedMs = performance.now()
    const replayed = options.onlyVerify
      ? { sent: 0, refused: 0, refusals: [] }
      : await watched('sending', survey, onMessage =>
          replay(readConversations(file, limit), client, { findGuest, concurrency, onMessage }),
        )
    const seconds = (performance.now() - startedMs) / 1_000
    const read = await watched('reading', survey, onMessage =>
      readBack(readConversations(file, limit), client, { findGuest, concurrency, onMessage }),
    )
    printResult({ survey, replayed, seconds, read }, options.json === true)
  } catch (cause) {
    const reason = messageOf(interruption.signal.reason ?? cause)
    throw new Error(`${reason}\n${adviceOn(cause, options)}`, { cause })
  } finally {
    client.close()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function adviceOn(cause: unknown, { guests }: LoadOptions): string {
  if (cause instanceof Refusal && cause.code === 'guest_auth_failed' && guests === undefined) {
    return 'This server issues guests with secrets: name a file that they are noted in, by --guests FILE.'
  }
  return 'The load broke off. Run it again to go on: nothing is doubled.'
}

function complain(file: string, { unreadable }: FileSurvey): void {
  for (const { line, reason } of unreadable) process.stderr.write(`${file}:${line} ${reason}\n`)
  process.stderr.write('Nothing was sent. Mend these lines (there may be more below them) and run the load again.\n')
  process.exitCode = exitCodes.wrongUsage
}

async function watched<Result>(
  label: string,
  { messages }: FileSurvey,
  work: (onMessage: () => void) => Promise<Result>,
): Promise<Result> {
  const progress = showProgress(label, messages)
  try {
    return await work(progress.advance)
  } finally {
    progress.end()
  }
}
