import { startPostgres } from '../../testbed/servers/postgres.ts'
import { startRedis } from '../../testbed/servers/redis.ts'
import { Databases } from '../measure/databases.ts'
import type { Effort } from '../measure/effort.ts'
import { answers, chosen, type NamedAnswer, type Questions } from '../measure/questions.ts'
import type { Arena } from './arena.ts'
import { embedderQuestion } from './embedder-away.ts'
import { getQuestion } from './get-against-bare-handler.ts'
import { growthQuestion } from './growth.ts'
import { postQuestion } from './post-against-pgbench.ts'

const questions: Questions<Arena> = {
  post: postQuestion,
  get: getQuestion,
  embedder: embedderQuestion,
  growth: growthQuestion,
}

/** Asks the questions about the guest chat, on servers of its own. */
export async function* benchChat(named: readonly string[], effort: Effort): AsyncGenerator<NamedAnswer> {
  const asked = chosen(questions, named)
  await using postgres = await startPostgres()
  await using redis = await startRedis()
  const arena: Arena = { postgres, redis, databases: new Databases(postgres), effort }
  yield* answers(asked, arena)
}
