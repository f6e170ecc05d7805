import { Command } from 'commander'

const examples = `
Passwords and keys are never shown. What a setting means stands in docs/settings.md.

Examples:
  $ reprise config
  $ reprise config --changed
  $ REPRISE_CONFIG=/etc/reprise.config.ts reprise config --json
  $ reprise config --defaults`

/** `reprise config`: the settings in force, and where each came from. */
export function configCommand(): Command {
  return new Command('config')
    .description('show the settings in force, and where each came from')
    .option('--changed', 'only what the environment or a file sets')
    .option('--defaults', 'what they are when nothing is set')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (options: { readonly changed?: true; readonly defaults?: true; readonly json?: true }) => {
      const { showConfig } = await import('./show-config.ts')
      await showConfig(options)
    })
}
