import { Command, InvalidArgumentError, Option } from 'commander'
import type { OutboxOptions } from './run-outbox.ts'
import { httpUrl } from './server-options.ts'

const examples = `
Messages wait in the outbox until they are embedded. What failed too often is set aside, and listed here with the error;
redrive puts it back to work. With --url a running server is asked. Without, the database of the settings is opened; while
a server has the embedded one, that server is asked, at HOST and PORT of the settings.

Examples:
  $ reprise outbox list
  $ reprise outbox list --url https://reprise.example.com --key-file admin-key
  $ reprise outbox redrive 4711 4712
  $ reprise outbox redrive --all`

interface ListOptions extends OutboxOptions {
  readonly limit: number
}

interface RedriveOptions extends OutboxOptions {
  readonly all?: true
}

/** `reprise outbox`: what waits for its embedding, what was set aside, and how it is put back to work. */
export function outboxCommand(): Command {
  const outbox = new Command('outbox')
    .description('messages that wait for their embedding')
    .addHelpText('after', examples)
  withMaybeServer(outbox.command('list'))
    .description('show what waits and what was set aside')
    .option('--limit <n>', 'how many set-aside messages are shown', rowLimit, 50)
    .action(async (options: ListOptions) => {
      const { listOutbox } = await import('./run-outbox.ts')
      await listOutbox(options)
    })
  withMaybeServer(outbox.command('redrive'))
    .description('put set-aside messages back to work')
    .argument('[ids...]', 'ids from the list', outboxIds)
    .option('--all', 'every set-aside message')
    .action(async (ids: readonly string[] = [], { all, ...options }: RedriveOptions, command: Command) => {
      if (ids.length > 0 === (all === true)) command.error('error: name the ids to redrive, or say --all')
      const { redriveOutbox } = await import('./run-outbox.ts')
      await redriveOutbox(all ? 'all' : ids, options)
    })
  return outbox
}

function withMaybeServer(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'ask this running server instead of the database').argParser(httpUrl))
    .option('--key-file <file>', 'holds the admin key; without it ADMIN_API_KEY does')
    .option('--json', 'print the result as JSON')
}

function rowLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit
  throw new InvalidArgumentError('Expected a whole number from 1 to 10000.')
}

function outboxIds(text: string, earlier: readonly string[] = []): readonly string[] {
  if (/^\d{1,18}$/.test(text)) return [...earlier, text]
  throw new InvalidArgumentError('Expected ids from `reprise outbox list`.')
}
