import { Command } from 'commander'
import { Type } from 'typebox'
import { type ServerOptions, withServer } from './server-options.ts'

const examples = `
A key is written as it was given: a text, or a list as JSON. --search lists keys instead; they are hashed unless the
server runs with ADMIN_SHOW_KEYS=true.

Examples:
  $ reprise explain db '["user",7]'
  $ reprise explain rag --search handbook --limit 20
  $ reprise explain ai --search '' --json`

const NumberOrNull = Type.Union([Type.Number(), Type.Null()])
const Explained = Type.Object({
  key: Type.String(),
  served_by: Type.Union([Type.String(), Type.Null()]),
  is_loading: Type.Boolean(),
  summary: Type.String(),
  tiers: Type.Array(
    Type.Object({
      tier: Type.String(),
      state: Type.String(),
      age_ms: NumberOrNull,
      fresh_for_ms: NumberOrNull,
      load_ms: NumberOrNull,
      tags: Type.Array(Type.String()),
    }),
  ),
})
const Found = Type.Object({ keys: Type.Array(Explained) })

interface ExplainOptions extends ServerOptions {
  readonly search?: string
  readonly limit: number
}

/** `reprise explain CACHE [KEY]`: which tier has a key, how old it is, and why it would be served or not. */
export function explainCommand(): Command {
  return withServer(new Command('explain'))
    .description('why a key would be served by a running server, or not; or which keys it keeps')
    .argument('<cache>', 'ai, embeddings, rag, db, …')
    .argument('[key]', 'a text, or a list as JSON')
    .option('--search <text>', 'list the keys that hold this text')
    .option('--limit <n>', 'how many keys are listed', Number, 50)
    .addHelpText('after', examples)
    .action(async (cache: string, key: string | undefined, options: ExplainOptions, command: Command) => {
      if ((key === undefined) === (options.search === undefined)) {
        command.error('error: name a key, or what to --search for')
      }
      await explain(cache, key, options)
    })
}

async function explain(cache: string, key: string | undefined, options: ExplainOptions): Promise<void> {
  const [{ runningServer }, { table }, { duration }] = await Promise.all([
    import('./running-server.ts'),
    import('../table.ts'),
    import('../duration.ts'),
  ])
  const server = await runningServer(options)
  const { search = '', limit } = options
  const query = new URLSearchParams(key === undefined ? { cache, search, limit: `${limit}` } : { cache, key })
  const path = `/api/cache/${key === undefined ? 'keys' : 'explain'}?${query}`
  const keys =
    key === undefined
      ? (await server.ask({ method: 'GET', path }, Found)).keys
      : [await server.ask({ method: 'GET', path }, Explained)]
  if (options.json) {
    process.stdout.write(`${JSON.stringify(key === undefined ? { keys } : keys[0])}\n`)
    return
  }
  if (key === undefined) {
    const rows = keys.map(each => ({ key: each.key, 'served by': each.served_by ?? '–', why: each.summary }))
    process.stdout.write(rows.length === 0 ? `${cache} keeps no such key.\n` : table(rows))
    return
  }
  for (const { key: shown, summary, tiers } of keys) {
    const rows = tiers.map(({ tier, state, age_ms, fresh_for_ms, load_ms, tags }) => ({
      tier,
      state,
      age: duration(age_ms),
      'fresh for': duration(fresh_for_ms),
      'load took': duration(load_ms),
      tags: tags.join(' '),
    }))
    process.stdout.write(`${shown}: ${summary}\n${rows.length === 0 ? '' : `\n${table(rows)}`}`)
  }
}
