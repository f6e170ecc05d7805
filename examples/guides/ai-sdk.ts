import { openai } from '@ai-sdk/openai'
import { embed, generateText, wrapEmbeddingModel, wrapLanguageModel } from 'ai'
import { createCache } from 'reprise'
import { cachedEmbeddings, cachedModel } from 'reprise/ai-sdk'

const cache = createCache({ name: 'ai', memory: { maxEntries: 2_000 } })
const model = wrapLanguageModel({ model: openai('gpt-5-mini'), middleware: cachedModel(cache, { ttl: '2h' }) })
const { text } = await generateText({ model, prompt: 'Why is the sky blue?' })

const embedding = openai.embedding('text-embedding-3-small')
const embeddings = wrapEmbeddingModel({ model: embedding, middleware: cachedEmbeddings(cache) })

const again = await generateText({ model, prompt: 'Why is the sky blue?' })
console.log(again.text === text)
const vectors = [await embed({ model: embeddings, value: 'blue' }), await embed({ model: embeddings, value: 'blue' })]
console.log(vectors[0]?.embedding.length === vectors[1]?.embedding.length)
console.log(cache.stats().hits)
await cache.close()

// It prints:
// true
// true
// 2
