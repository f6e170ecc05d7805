import { Command, InvalidArgumentError, Option } from 'commander'
import type { LoadOptions } from './load/run-load.ts'

const examples = `
Each line of FILE is one conversation: {"id": "…", "messages": [{"role": "user", "content": "…", "timestamp"?: "…"}]}.
Each becomes a guest, named by the prefix and its id. A load that broke off is run again: what arrived is not doubled.

Examples:
  $ reprise load conversations.jsonl.gz
  $ reprise load conversations.jsonl --url https://chat.example.org --concurrency 8
  $ reprise load conversations.jsonl --limit 100 --json`

/** `reprise load FILE`: says the conversations of a file again, over HTTP, and checks that all of them arrived. */
export function loadCommand(): Command {
  return new Command('load')
    .description('replay conversations from a file over HTTP, then verify every one of them')
    .argument('<file>', 'JSON lines, plain or gzipped')
    .option('--url <url>', 'where the server listens', httpUrl, new URL('http://127.0.0.1:8000'))
    .option('--concurrency <n>', 'conversations under way at once', countUpTo(1_024), 32)
    .option('--guest-prefix <text>', 'begins the name of each guest', guestPrefix, 'load-')
    .option('--guests <file>', 'where guests are noted that the server issues with secrets (GUEST_AUTH=secret)')
    .option('--limit <n>', 'take only the first conversations', countUpTo(Number.MAX_SAFE_INTEGER))
    .option('--patience <seconds>', 'how long one message is tried again', countUpTo(86_400), 120)
    .addOption(new Option('--only-verify', 'send nothing, only read back and compare'))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (file: string, options: LoadOptions) => {
      const { runLoad } = await import('./load/run-load.ts')
      await runLoad(file, options)
    })
}

function httpUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:8000.')
}

function countUpTo(most: number): (text: string) => number {
  return text => {
    const count = Number(text)
    if (Number.isInteger(count) && count >= 1 && count <= most) return count
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`)
  }
}

function guestPrefix(text: string): string {
  if (/^[A-Za-z0-9_.:-]{0,64}$/.test(text)) return text
  throw new InvalidArgumentError('Expected at most 64 of the characters A-Z a-z 0-9 _ . : -')
}
