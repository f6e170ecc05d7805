import { Command } from 'commander'

const examples = `
A copy in Redis is believed only while its fence is PostgreSQL's; each believed copy must be, byte for byte, what
PostgreSQL says. Copies that are behind are replaced by the next read. May run beside servers at work.

Examples:
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise verify
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise verify --repair`

/** `reprise verify`: checks Redis copies against PostgreSQL, and repairs them. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('check the copies in Redis against PostgreSQL')
    .option('--repair', 'replace copies that are wrong or behind')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples)
    .action(async (options: { readonly repair?: true; readonly json?: true }) => {
      const { runVerify } = await import('./run-verify.ts')
      await runVerify(options)
    })
}
