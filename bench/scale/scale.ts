import { startPostgres } from '../../testbed/servers/postgres.ts'
import { startRedis } from '../../testbed/servers/redis.ts'
import type { Arena, Effort } from '../chat/arena.ts'
import { Databases } from '../measure/databases.ts'
import type { Answer } from '../measure/report.ts'
import { overloadQuestion } from './overload.ts'
import { startQuestion } from './start.ts'
import { guests, messagesEach, template } from './template.ts'
import { workersQuestion } from './workers.ts'

const questions: Readonly<Record<string, (arena: Arena) => Promise<Answer>>> = {
  workers: workersQuestion,
  overload: overloadQuestion,
  start: startQuestion,
}

/** Asks the questions about many processes, too many requests, and starting, on servers of its own. */
export async function* benchScale(
  named: readonly string[],
  effort: Effort,
): AsyncGenerator<Answer & { readonly question: string }> {
  const unknown = named.filter(name => !(name in questions))
  if (unknown.length > 0)
    throw new Error(`No such question: ${unknown.join(', ')}. There are ${Object.keys(questions).join(', ')}.`)
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const databases = new Databases(postgres)
  const script = new URL('../chat/fill.sql', import.meta.url).pathname
  await databases.makeTemplate(template, script, { guests, messages_each: messagesEach })
  const arena: Arena = { postgres, redis, databases, effort }
  for (const [question, ask] of Object.entries(questions)) {
    if (named.length === 0 || named.includes(question)) yield { question, ...(await ask(arena)) }
  }
}
