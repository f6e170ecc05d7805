import { createInterface } from 'node:readline/promises'
import { exitCodes } from '../exit-codes.ts'

/**
 * Asks a person to type a word before something is lost. Without a terminal nobody can, so that `--yes` is asked for.
 * False where they did not; the exit code is set then.
 */
export async function confirm(what: string, word: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stderr.write(`reprise: this removes ${what}; say --yes to do it without being asked.\n`)
    process.exitCode = exitCodes.wrongUsage
    return false
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const typed = await terminal.question(`This removes ${what}. Type ${word} to go on: `).finally(() => terminal.close())
  if (typed.trim() === word) return true
  process.stderr.write('Nothing was removed.\n')
  process.exitCode = exitCodes.failed
  return false
}
