import { type Command, InvalidArgumentError } from 'commander'

/** What every command that asks a running server takes. */
export interface ServerOptions {
  readonly url: URL
  /** The file that holds the admin key; `ADMIN_API_KEY` when undefined. */
  readonly keyFile?: string
  readonly json?: true
}

/** Adds the options by which a command finds its server, and `--json`. */
export function withServer(command: Command): Command {
  return command
    .option('--url <url>', 'where the server listens', httpUrl, new URL('http://127.0.0.1:8000'))
    .option('--key-file <file>', 'holds the admin key; without it ADMIN_API_KEY does')
    .option('--json', 'print the result as JSON')
}

export function httpUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:8000.')
}

/** A whole number within bounds, for the options of commands. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (text.trim() !== '' && Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
  }
}
