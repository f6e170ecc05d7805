import { Command } from 'commander'

const examples = `
Opens the embedded database in DATA_DIR, or the one that DATABASE_URL names. One process at a time has the embedded
database: stop the server first. Statements come from -c, from standard input, or are typed.

  \\dt          tables with their sizes
  \\d TABLE     columns and indexes of a table
  \\q           quit

Examples:
  $ reprise sql
  $ reprise sql -c 'SELECT count(*) FROM message_cache'
  $ reprise sql --json < report.sql
  $ echo '\\dt' | DATA_DIR=/var/lib/reprise reprise sql`

/** `reprise sql`: statements of a person against the database. */
export function sqlCommand(): Command {
  return new Command('sql')
    .description('ask the database in SQL, the embedded one too')
    .option('-c, --command <sql>', 'carry this out and end')
    .option('--json', 'one line of JSON for each statement')
    .addHelpText('after', examples)
    .action(async (options: { readonly command?: string; readonly json?: true }) => {
      const { runSql } = await import('./sql/run-sql.ts')
      await runSql(options)
    })
}
