// A table of prompts and answers becomes the cache of a client. It asks OPENAI_BASE_URL and DATABASE_URL.
import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import pg from 'pg'

const url = process.env['DATABASE_URL'] ?? 'postgres://127.0.0.1/app'
const pool = new pg.Pool({ connectionString: url })
const plain = new OpenAI()

async function answerBefore(question: string): Promise<string> {
  const hash = createHash('sha256').update(question).digest('hex')
  const { rows } = await pool.query('SELECT answer FROM prompts WHERE hash = $1', [hash])
  if (rows[0] !== undefined) return rows[0].answer
  const completion = await plain.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
  })
  const answer = completion.choices[0]?.message.content ?? ''
  await pool.query('INSERT INTO prompts VALUES ($1, $2) ON CONFLICT DO NOTHING', [hash, answer])
  return answer
}

import { createCache } from 'reprise'
import { llmCache } from 'reprise/llm'
import { cachedFetch } from 'reprise/openai'
import { connectPostgres, migrate, postgresAnswers } from 'reprise/postgres'

const database = connectPostgres({ url })
await migrate(database)
const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
const llm = llmCache({ cache, answers: postgresAnswers(database), ttl: '30d' })
const openai = new OpenAI({ fetch: cachedFetch(llm) })

async function answer(question: string): Promise<string> {
  const completion = await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
  })
  return completion.choices[0]?.message.content ?? ''
}

await pool.query('CREATE TABLE prompts (hash text PRIMARY KEY, answer text)')
const question = 'Why is the sky blue?'
console.log((await answerBefore(question)) === (await answer(question)))
// An answer is kept after it was given.
while ((await pool.query('SELECT FROM prompt_cache')).rowCount === 0) await new Promise(setImmediate)
await cache.clear()
await answer(question)
await llm.close()
const { rows } = await pool.query('SELECT model, prompt_tokens::int, hit_count::int FROM prompt_cache')
console.log(rows)
await cache.close()
await database.close()
await pool.end()

// It prints:
// true
// [ { model: 'gpt-4o-mini', prompt_tokens: 13, hit_count: 1 } ]
