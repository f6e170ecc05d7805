import { Command } from 'commander'

const examples = `
Examples:
  $ reprise serve
  $ DATABASE_URL=postgres://localhost/reprise REDIS_URL=redis://localhost reprise serve --workers auto`

/** `reprise serve`: serves until a signal asks it to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the guest chat (default: on 127.0.0.1:8000, embedded in ./data)')
    .option('--workers <auto|n>', 'how many processes share the port; WORKERS when left out')
    .addHelpText('after', examples)
    .action(async ({ workers }: { readonly workers?: string }) => {
      const { loadSettings } = await import('../config/settings.ts')
      const given = workers === undefined ? process.env : { ...process.env, WORKERS: workers }
      const settings = await loadSettings(given, process.cwd())
      if (settings.workers === 1) await (await import('../serve.ts')).serve(settings)
      else await (await import('../many/serve-many.ts')).serveMany(settings)
    })
}
