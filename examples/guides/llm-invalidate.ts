// Forgetting answers. It asks OPENAI_BASE_URL.
import OpenAI from 'openai'
import { createCache } from 'reprise'
import { llmCache } from 'reprise/llm'
import { cachedFetch } from 'reprise/openai'

const cache = createCache({ name: 'ai' })
const llm = llmCache({ cache })
const tenant = 'acme'
const openai = new OpenAI({ fetch: cachedFetch(llm, { tenant }) })

async function ask(): Promise<string> {
  const { response } = await openai.chat.completions
    .create(
      { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'When do you open?' }] },
      { headers: { 'x-reprise-documents': 'handbook-7' } },
    )
    .withResponse()
  console.log(response.headers.get('x-reprise-cache'))
  return response.headers.get('x-reprise-key') ?? ''
}

await ask()
const key = await ask()
await llm.invalidate({ document: 'handbook-7' })
await llm.invalidate({ tenant, model: 'gpt-4o-mini' })
await llm.invalidate({ olderThan: Date.now() - 86_400_000 })
await llm.feedback(key, 'bad') // key: the header x-reprise-key
await ask()

await llm.close()
await cache.close()

// It prints:
// miss
// hit
// miss
