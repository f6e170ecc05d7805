import { Command } from 'commander'
import { withServer } from '../running/server-options.ts'
import { type PersonOptions, withPerson } from './people.ts'

const examples = `
Messages, vectors, copies and pending work go, for good; the receipt says how much. Export first what must be kept.
Of a user all conversations go. What is pending is carried out when the part that is away is back.

Examples:
  $ reprise erase --guest web-7f3a
  $ reprise erase --user ann --yes --json > receipt.json`

/** `reprise erase --guest ID | --user ID`: removes all that a person said, and shows the receipt. */
export function eraseCommand(): Command {
  return withServer(withPerson(new Command('erase')))
    .description('remove all that a guest or a user said, for good')
    .option('--yes', 'without being asked')
    .addHelpText('after', examples)
    .action(async (options: PersonOptions & { readonly yes?: true }, command: Command) => {
      if (options.guest === undefined && options.user === undefined) command.error('error: name a --guest or a --user')
      const { runErase } = await import('./run-erase.ts')
      await runErase(options)
    })
}
