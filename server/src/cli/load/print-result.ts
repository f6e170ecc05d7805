import { exitCodes } from '../exit-codes.ts'
import { table } from '../table.ts'
import type { FileSurvey } from './conversation-file.ts'
import type { Differences } from './differences.ts'
import type { ReadBackReport, ReplayReport } from './replay.ts'

export interface LoadResult {
  readonly survey: FileSurvey
  readonly replayed: ReplayReport
  /** How long sending took. */
  readonly seconds: number
  readonly read: ReadBackReport
}

/** Prints what a load did and what it found, and sets the exit code. */
export function printResult({ survey, replayed, seconds, read }: LoadResult, asJson: boolean): void {
  const { conversations, messages } = survey
  const { sent, refused, refusals } = replayed
  const { differences, faulty } = read
  const messagesPerSecond = Math.round(sent / seconds)
  const isClean = refused === 0 && Object.values(differences).every(count => count === 0)
  if (!isClean) process.exitCode = exitCodes.failed
  if (asJson) {
    const result = { conversations, messages, seconds, messagesPerSecond, refused, ...differences, refusals, faulty }
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const rate = sent > 0 ? { seconds, 'messages/s': messagesPerSecond } : {}
  const row = { conversations, messages, ...rate, ...(refused > 0 && { refused }), ...named(differences) }
  process.stdout.write(table([row]))
  for (const { line, index, reason } of refusals) process.stdout.write(`line ${line}, message ${index}: ${reason}\n`)
  for (const { line, guest, differences } of faulty) {
    const found = Object.entries(named(differences)).filter(([, count]) => count > 0)
    const counts = found.map(([name, count]) => `${count} ${name}`).join(', ')
    process.stdout.write(`line ${line}, guest ${guest}: ${counts}\n`)
  }
}

/** In words; what is foreign is shown only where there is some. */
function named({ lost, doubled, outOfOrder, altered, foreign }: Differences): Readonly<Record<string, number>> {
  return { lost, doubled, 'out of order': outOfOrder, altered, ...(foreign > 0 && { foreign }) }
}
