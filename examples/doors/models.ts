// The doors before models, one after the other. They ask OPENAI_BASE_URL.
import { createCache } from 'reprise'

const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })

import OpenAI from 'openai'
import { llmCache } from 'reprise/llm'
import { cachedFetch } from 'reprise/openai'

const llm = llmCache({ cache, ttl: '2h' })
const openai = new OpenAI({ fetch: cachedFetch(llm) })

import { wrapEmbeddings } from 'reprise/embeddings'

const embed = wrapEmbeddings(async (texts: readonly string[]) => texts.map(text => [text.length]), {
  cache,
  model: 'length',
})
console.log((await embed(['blue', 'green', 'blue'])).length)

import { hashEmbedder } from 'reprise/embedders'

const embedder = hashEmbedder()
console.log((await embedder.embed(['blue'], AbortSignal.timeout(1_000))).length)

import { retrievalCache } from 'reprise/retrieval'

const rag = retrievalCache(cache, { ttl: '30m', answers: llm })
console.log(await rag.retrieve({ query: 'hours', k: 4 }, async () => [{ id: 'hours.md' }]))
await rag.invalidateDocuments(['hours.md'])

import { openai as provider } from '@ai-sdk/openai'
import { generateText, wrapLanguageModel } from 'ai'
import { cachedModel } from 'reprise/ai-sdk'

const model = wrapLanguageModel({ model: provider('gpt-5-mini'), middleware: cachedModel(cache) })
console.log((await generateText({ model, prompt: 'Why?' })).finishReason)

import { ChatOpenAI } from '@langchain/openai'
import { langchainCache } from 'reprise/langchain'

const chat = new ChatOpenAI({ model: 'gpt-5-mini', cache: langchainCache(cache) })
console.log((await chat.invoke('Why?')).type)

const { choices } = await openai.chat.completions.create({
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'Why?' }],
})
console.log(choices.length)
await llm.close()
await cache.close()

// It prints:
// 3
// 1
// [ { id: 'hours.md' } ]
// stop
// ai
// 1
