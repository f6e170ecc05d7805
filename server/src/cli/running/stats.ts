import { Command } from 'commander'
import { withServer } from './server-options.ts'
import type { StatsOptions } from './show-stats.ts'

const examples = `
Figures of what this server has in memory, and of its reads. --watch shows them anew every two seconds, until Ctrl-C; with
--json it writes one line each time.

Examples:
  $ reprise stats
  $ reprise stats ai
  $ reprise stats --watch
  $ reprise stats --json | jq '.caches.ai.hit_rate'`

/** `reprise stats [cache]`: hit rates, latencies, memory and savings of a running server. */
export function statsCommand(): Command {
  return withServer(new Command('stats'))
    .description('figures of a running server’s caches')
    .argument('[cache]', 'one cache in detail: ai, embeddings, rag, db, guest, …')
    .option('--watch', 'go on, with new figures every two seconds')
    .addHelpText('after', examples)
    .action(async (cache: string | undefined, options: StatsOptions) => {
      const { showStats } = await import('./show-stats.ts')
      await showStats(cache, options)
    })
}
