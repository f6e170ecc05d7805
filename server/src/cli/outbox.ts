import { Command, InvalidArgumentError } from 'commander'

const examples = `
Messages wait in the outbox until they are embedded. What failed too often is set aside, and listed here with the error;
redrive puts it back to work.

Examples:
  $ reprise outbox list
  $ reprise outbox redrive 4711 4712
  $ reprise outbox redrive --all`

interface ListOptions {
  readonly limit: number
  readonly json?: true
}

interface RedriveOptions {
  readonly all?: true
  readonly json?: true
}

/** `reprise outbox`: what waits for its embedding, what was set aside, and how it is put back to work. */
export function outboxCommand(): Command {
  const outbox = new Command('outbox')
    .description('messages that wait for their embedding')
    .addHelpText('after', examples)
  outbox
    .command('list')
    .description('show what waits and what was set aside')
    .option('--limit <n>', 'how many set-aside messages are shown', rowLimit, 50)
    .option('--json', 'print the result as JSON')
    .action(async (options: ListOptions) => {
      const { listOutbox } = await import('./outbox/run-outbox.ts')
      await listOutbox(options)
    })
  outbox
    .command('redrive')
    .description('put set-aside messages back to work')
    .argument('[ids...]', 'ids from the list', outboxIds)
    .option('--all', 'every set-aside message')
    .option('--json', 'print the result as JSON')
    .action(async (ids: readonly string[] = [], { all, json }: RedriveOptions, command: Command) => {
      if (ids.length > 0 === (all === true)) command.error('error: name the ids to redrive, or say --all')
      const { redriveOutbox } = await import('./outbox/run-outbox.ts')
      await redriveOutbox(all ? 'all' : ids, json === true)
    })
  return outbox
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
