import { Command } from 'commander'

/** `reprise serve`: serves until a signal asks it to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('serve the guest chat (default: on 127.0.0.1:8000, embedded in ./data)')
    .action(async () => {
      const [{ loadSettings }, { serve }] = await Promise.all([import('../config/settings.ts'), import('../serve.ts')])
      await serve(await loadSettings(process.env, process.cwd()))
    })
}
