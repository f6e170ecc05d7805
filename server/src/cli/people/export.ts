import { Command } from 'commander'
import { withServer } from '../running/server-options.ts'
import { type PersonOptions, withPerson } from './people.ts'

const examples = `
One message a line, as JSON: sequence, message_id, role, content, timestamp; of a user also conversation_id. It goes to
standard output unless --out names a file, which must not exist yet.

Examples:
  $ reprise export --guest web-7f3a > web-7f3a.jsonl
  $ reprise export --user ann --out ann.jsonl`

/** `reprise export --guest ID | --user ID`: all that a person said, as JSON lines. */
export function exportCommand(): Command {
  return withServer(withPerson(new Command('export')))
    .description('write all messages of a guest or a user as JSON lines')
    .option('--out <file>', 'a new file; standard output when left out')
    .addHelpText('after', examples)
    .action(async (options: PersonOptions & { readonly out?: string }, command: Command) => {
      if (options.guest === undefined && options.user === undefined) command.error('error: name a --guest or a --user')
      const { runExport } = await import('./run-export.ts')
      await runExport(options)
    })
}
