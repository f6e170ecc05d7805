// A client of OpenAI that answers from the cache what it was asked before, as a stream too. It asks OPENAI_BASE_URL.
import OpenAI from 'openai'
import { createCache } from 'reprise'
import { llmCache } from 'reprise/llm'
import { cachedFetch } from 'reprise/openai'

const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
const llm = llmCache({ cache, ttl: '2h', priceOf: (_model, { completionTokens }) => completionTokens * 0.000_002 })
llm.on('outcome', ({ state, reason, streamed }) =>
  console.log(`${state} (${reason})${streamed ? ', as a stream' : ''}`),
)

const openai = new OpenAI({ fetch: cachedFetch(llm) })
const question = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Why is the sky blue?' }] } as const
const ask = () => openai.chat.completions.create({ ...question, messages: [...question.messages] })

const first = await ask()
const again = await ask()
console.log(`the same answer: ${again.choices[0]?.message.content === first.choices[0]?.message.content}`)

let text = ''
for await (const { choices } of await openai.chat.completions.create({
  ...question,
  messages: [...question.messages],
  stream: true,
})) {
  text += choices[0]?.delta.content ?? ''
}
console.log(`the same text: ${text === first.choices[0]?.message.content}`)

await llm.invalidate({ model: 'gpt-4o-mini' })
await ask()

await llm.close()
await cache.close()
