import { startPostgres } from '../../testbed/servers/postgres.ts'
import { startRedis } from '../../testbed/servers/redis.ts'
import type { Arena } from '../chat/arena.ts'
import { Databases } from '../measure/databases.ts'
import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type NamedAnswer, type Questions } from '../measure/questions.ts'
import { overloadQuestion } from './overload.ts'
import { startQuestion } from './start.ts'
import { guests, messagesEach, template } from './template.ts'
import { workersQuestion } from './workers.ts'

const questions: Questions<Arena> = {
  workers: workersQuestion,
  overload: overloadQuestion,
  start: startQuestion,
}

/** Asks the questions about many processes, too many requests, and starting, on servers of its own. */
export async function* benchScale(named: readonly string[], effort: Effort): AsyncGenerator<NamedAnswer> {
  const asked = chosen(questions, named)
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const databases = new Databases(postgres)
  const script = new URL('../chat/fill.sql', import.meta.url).pathname
  await databases.makeTemplate(template, script, { guests, messages_each: messagesEach })
  const arena: Arena = { postgres, redis, databases, effort }
  yield* answers(asked, arena)
}
