import { startReprise } from '../../../testbed/servers/reprise.ts'
import { say } from './chat.ts'
import { sql } from './deployment.ts'

/** Two guests, one of whom has been silent for longer than guests are kept. */
export async function prepareSilentGuest(url: string): Promise<void> {
  await using server = await startReprise({ DATABASE_URL: url, EMBEDDER: 'none' })
  await say(server.url, 'g-silent', 'long ago')
  await say(server.url, 'g-lately', 'a while ago')
  const age = `UPDATE conversation_cache SET updated_at = now() - $2 * interval '1 day' WHERE user_id = $1`
  await sql(url, age, ['g-silent', 31])
  await sql(url, age, ['g-lately', 29])
}
