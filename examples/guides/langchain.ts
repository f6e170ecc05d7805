import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { createCache } from 'reprise'
import { langchainCache, langchainEmbeddings } from 'reprise/langchain'

const cache = createCache({ name: 'ai' })
const model = new ChatOpenAI({ model: 'gpt-5-mini', cache: langchainCache(cache, { ttl: '1h', tenant: 'acme' }) })
const embeddings = langchainEmbeddings(new OpenAIEmbeddings(), cache, { model: 'text-embedding-3-small' })

const [first, again] = [await model.invoke('Why is the sky blue?'), await model.invoke('Why is the sky blue?')]
console.log(first.text === again.text)
await embeddings.embedQuery('blue')
await embeddings.embedQuery('blue')
console.log(cache.stats().hits)
await cache.close()

// It prints:
// true
// 2
