import { Command } from 'commander'

const examples = `
Tries every setting and all that the settings name, changes nothing, and says what to type. A warning is no failure: the
exit code is 1 only where something would not work.

Examples:
  $ reprise doctor
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise doctor
  $ reprise doctor --json | jq '.checks[] | select(.state != "ok")'`

/** `reprise doctor`: what is wrong here, in words. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('try every setting and server, and say what is wrong and what to type')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (options: { readonly json?: true }) => {
      const { runDoctor } = await import('./doctor/run-doctor.ts')
      await runDoctor(options)
    })
}
