import { createCache } from 'reprise'
import { wrapEmbeddings } from 'reprise/embeddings'

async function model(texts: readonly string[]): Promise<number[][]> {
  console.log(`asked for ${texts.join(' and ')}`)
  return texts.map(text => [text.length, 0.5])
}

const cache = createCache({ name: 'app' })
const embed = wrapEmbeddings(model, { cache, model: 'text-embedding-3-small' })
const vectors = await embed(['hello', 'world', 'hello']) // the model is asked for two texts
await embed(['hello', 'again'])
console.log(vectors.length)
await cache.close()

// It prints:
// asked for hello and world
// asked for again
// 3
