import { Command } from 'commander'
import { Type } from 'typebox'
import { type ServerOptions, withServer } from './server-options.ts'

const clearExamples = `
What is cleared is loaded anew when it is asked for. Conversations are never touched: of "guest" only the fast copies go.
Answers of models are kept in the database, too; \`reprise invalidate --older-than 0s\` forgets those as well.

Examples:
  $ reprise clear ai
  $ reprise clear --yes
  $ reprise clear rag --url https://reprise.example.com --key-file /run/secrets/admin-key`

const cleanupExamples = `
Expired entries are never served; this gives their memory back at once.

Examples:
  $ reprise cleanup
  $ reprise cleanup embeddings --json`

const Receipts = Type.Object({
  caches: Type.Array(
    Type.Object({ cache: Type.String(), removed: Type.Integer(), redis: Type.Optional(Type.String()) }),
  ),
  removed: Type.Integer(),
})

/** `reprise clear [cache]`: empties one cache of a running server, or all. */
export function clearCommand(): Command {
  return withServer(new Command('clear'))
    .description('empty a cache of a running server, or all of them')
    .argument('[cache]', 'ai, embeddings, rag, db, guest, …; all when left out')
    .option('--yes', 'empty all caches without asking')
    .addHelpText('after', clearExamples)
    .action(async (cache: string | undefined, options: ServerOptions & { readonly yes?: true }) => {
      if (cache === undefined && options.yes !== true) {
        const { confirm } = await import('./confirm.ts')
        if (!(await confirm(`all caches of ${options.url.host}`, 'all'))) return
      }
      await removeFrom('clear', cache, options)
    })
}

/** `reprise cleanup [cache]`: removes what has expired. */
export function cleanupCommand(): Command {
  return withServer(new Command('cleanup'))
    .description('remove expired entries of a running server')
    .argument('[cache]', 'ai, embeddings, rag, db, guest, …; all when left out')
    .addHelpText('after', cleanupExamples)
    .action((cache: string | undefined, options: ServerOptions) => removeFrom('cleanup', cache, options))
}

async function removeFrom(verb: 'clear' | 'cleanup', cache: string | undefined, options: ServerOptions): Promise<void> {
  const [{ runningServer }, { printReceipts }] = await Promise.all([
    import('./running-server.ts'),
    import('./print-receipts.ts'),
  ])
  const server = await runningServer(options)
  const body = cache === undefined ? {} : { cache }
  printReceipts(await server.ask({ method: 'POST', path: `/api/cache/${verb}`, body }, Receipts), options.json === true)
}
