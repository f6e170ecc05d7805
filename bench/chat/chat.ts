import { startPostgres } from '../../testbed/servers/postgres.ts'
import { startRedis } from '../../testbed/servers/redis.ts'
import { Databases } from '../measure/databases.ts'
import type { Answer } from '../measure/report.ts'
import type { Arena, Effort } from './arena.ts'
import { embedderQuestion } from './embedder-away.ts'
import { getQuestion } from './get-against-bare-handler.ts'
import { growthQuestion } from './growth.ts'
import { postQuestion } from './post-against-pgbench.ts'

const questions: Readonly<Record<string, (arena: Arena) => Promise<Answer>>> = {
  post: postQuestion,
  get: getQuestion,
  embedder: embedderQuestion,
  growth: growthQuestion,
}

/** Asks the questions about the guest chat, on servers of its own. */
export async function* benchChat(
  named: readonly string[],
  effort: Effort,
): AsyncGenerator<Answer & { readonly question: string }> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const arena: Arena = { postgres, redis, databases: new Databases(postgres), effort }
  for (const [question, ask] of Object.entries(questions)) {
    if (named.length === 0 || named.includes(question)) yield { question, ...(await ask(arena)) }
  }
}
