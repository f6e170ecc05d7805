import { Command } from 'commander'

const examples = `
The server migrates its database by itself when it starts; this command does it alone. With REDIS_URL it also imports
the guest:* keys (JSON arrays, or lists of JSON messages) that an older system left there, and names those that could not
be read; a server does so on its first start with a Redis. It may be run again at any time.

Examples:
  $ DATABASE_URL=postgres://localhost/reprise reprise migrate
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise migrate --json`

/** `reprise migrate`: brings the tables up to date and takes over what an older system kept in Redis. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the database up to date; take over guests that an older system kept in Redis')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (options: { readonly json?: true }) => {
      const { runMigrate } = await import('./run-migrate.ts')
      await runMigrate(options)
    })
}
