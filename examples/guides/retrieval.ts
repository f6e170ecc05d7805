import { createCache } from 'reprise'
import { retrievalCache } from 'reprise/retrieval'

const index = {
  search: async (query: string, k: number) => {
    console.log(`searching for ${query}`)
    return [{ id: 'opening-hours.md', text: 'From nine to five.' }].slice(0, k)
  },
}

const cache = createCache({ name: 'rag' })
const rag = retrievalCache(cache, { ttl: '30m', staleIfError: '1h' })
const retrieve = () =>
  rag.retrieve({ query: 'opening hours', filters: { lang: 'en' }, k: 4 }, ({ query, k }) => index.search(query, k))

const documents = await retrieve()
await retrieve()
await rag.invalidateDocuments(['opening-hours.md'])
await retrieve()
console.log(documents[0]?.text)
await cache.close()

// It prints:
// searching for opening hours
// searching for opening hours
// From nine to five.
