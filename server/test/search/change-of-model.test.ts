import { expect, it } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { say } from '../contract/chat.ts'
import { inDirectory } from '../contract/deployment.ts'
import { search, untilEmbedded } from './found.ts'

it('C4 a change of model embeds everything anew in the background; until then it is pending', async () => {
  await using directory = await privateDirectory('change')
  const contents = Array.from({ length: 30 }, (_, index) => `message ${index} about ${index % 2 ? 'boats' : 'trains'}`)
  {
    await using server = await startReprise({ DATA_DIR: directory.path, EMBEDDER: 'hash' })
    for (const content of contents) await say(server.url, 'changed', content)
    await untilEmbedded(server.url, 'changed', contents.length)
    expect((await search(server.url, 'changed', 'boats')).model).toBe('hash-256')
  }
  {
    await using server = await startReprise({
      DATA_DIR: directory.path,
      EMBEDDER: 'local',
      EMBEDDER_CPU_PERCENT: '100',
    })
    const early = await search(server.url, 'changed', 'ships', '&limit=15')
    expect(early.searched + early.pending).toBe(30)
    await untilEmbedded(server.url, 'changed', contents.length)
    const { messages, model } = await search(server.url, 'changed', 'ships', '&limit=15')
    expect(model).toBe('all-MiniLM-L6-v2')
    expect(messages.every(message => message.content.includes('boats'))).toBe(true)
  }
  const rows = await inDirectory(directory.path, run =>
    run(`SELECT embedding_model, embedding_dim, count(*) AS count, bool_and(json_array_length(embedding) = 384) AS whole
         FROM cache_embeddings GROUP BY 1, 2`),
  )
  expect(rows).toEqual([{ embedding_model: 'all-MiniLM-L6-v2', embedding_dim: 384, count: 30, whole: true }])
})
