import { Command, Option } from 'commander'
import { Type } from 'typebox'
import { type ServerOptions, withServer } from './server-options.ts'

const examples = `
Answers of models that meet every option are forgotten, by a running server and all that share its database or Redis.
With --cache, entries of that cache (ai, embeddings, rag, db, or all) by exactly one of --key, --tag and --pattern.

Examples:
  $ reprise invalidate --tag faq
  $ reprise invalidate --document handbook-7 --older-than 1h
  $ reprise invalidate --cache db --tag user:7
  $ reprise invalidate --cache all --pattern 'report:*'
  $ reprise invalidate --cache db --key '["user",7]'
  $ ADMIN_API_KEY=… reprise invalidate --model gpt-5 --url https://reprise.example.com`

interface InvalidateOptions extends ServerOptions {
  readonly cache?: string
  readonly key?: string
  readonly tag?: string
  readonly pattern?: string
  readonly document?: string
  readonly model?: string
  readonly namespace?: string
  readonly promptHash?: string
  readonly olderThan?: string
  readonly tenant: string
}

const Removed = Type.Object({ removed: Type.Integer() })
const Receipts = Type.Object({
  caches: Type.Array(Type.Object({ cache: Type.String(), removed: Type.Integer(), redis: Type.String() })),
  removed: Type.Integer(),
})
const ofAnswers = ['document', 'model', 'namespace', 'promptHash', 'olderThan']

/** `reprise invalidate`: forgets kept answers of models, or entries of a cache. */
export function invalidateCommand(): Command {
  return withServer(new Command('invalidate'))
    .description('forget kept answers of models, or entries of a cache')
    .option('--key <key>', 'one answer, by its x-reprise-key; one entry of --cache')
    .option('--tag <tag>', 'answers or entries with this tag')
    .option('--document <id>', 'answers that rest on this document')
    .option('--model <name>', 'answers of this model')
    .option('--namespace <name>', 'answers in this namespace')
    .option('--prompt-hash <hash>', 'answers to this prompt')
    .option('--older-than <age>', 'answers older than a duration (1h30m), or made before an instant')
    .option('--tenant <id>', 'answers of this tenant alone', '*')
    .addOption(new Option('--cache <name>', 'entries of this cache, or of all').conflicts(ofAnswers))
    .option('--pattern <glob>', 'entries of --cache whose keys match: * is any text, ? one character')
    .addHelpText('after', examples)
    .action(async (options: InvalidateOptions, command: Command) => {
      if (options.cache === undefined && options.pattern !== undefined) {
        command.error('error: --pattern means entries of a cache: name it by --cache, or say --cache all')
      }
      await (options.cache === undefined ? invalidateAnswers(options) : invalidateEntries(options))
    })
}

async function invalidateAnswers(options: InvalidateOptions): Promise<void> {
  const { url, keyFile, json, promptHash, olderThan, ...fields } = options
  const { runningServer } = await import('./running-server.ts')
  const server = await runningServer(options)
  const body = { ...fields, prompt_hash: promptHash, older_than: olderThan }
  const result = await server.ask({ method: 'POST', path: '/v1/cache/invalidate', body }, Removed)
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${result.removed} answers were forgotten.\n`)
}

async function invalidateEntries({ cache, key, tag, pattern, ...options }: InvalidateOptions): Promise<void> {
  const [{ runningServer }, { printReceipts }] = await Promise.all([
    import('./running-server.ts'),
    import('./print-receipts.ts'),
  ])
  const server = await runningServer(options)
  const body = {
    ...(cache === 'all' ? {} : { cache }),
    ...(key === undefined ? {} : { key: keyOf(key) }),
    ...(tag === undefined ? {} : { tags: [tag] }),
    ...(pattern === undefined ? {} : { pattern }),
  }
  printReceipts(
    await server.ask({ method: 'POST', path: '/api/cache/invalidate', body }, Receipts),
    options.json === true,
  )
}

/** A list such as `["user",7]` where it is JSON of one, else the text itself. */
function keyOf(text: string): unknown {
  if (!text.startsWith('[')) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
