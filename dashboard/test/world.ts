import { type ModelServer, startModelServer } from '../../server/src/demo/model-server.ts'
import { type RepriseServer, startReprise } from '../../testbed/servers/reprise.ts'

export interface World extends AsyncDisposable {
  readonly server: RepriseServer
  readonly model: ModelServer
  /** Whether the model refuses to embed texts that hold "unspeakable". */
  refusesTexts: boolean
}

/** A server before a model that makes answers and embeddings up, all of it on this machine. */
export async function startWorld(settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const state = { refusesTexts: true }
  const model = await startModelServer({
    faultOf: ({ path, text }) =>
      state.refusesTexts && path === '/embeddings' && text.includes('unspeakable')
        ? { kind: 'status', status: 400 }
        : undefined,
  })
  const server = await startReprise({
    UPSTREAM_BASE_URL: model.url,
    UPSTREAM_API_KEY: 'key',
    EMBEDDER: 'openai',
    EMBEDDER_BASE_URL: model.url,
    EMBEDDER_API_KEY: 'key',
    EMBEDDER_MODEL: 'text-embedding-3-small',
    ADMIN_SHOW_KEYS: 'true',
    EMBEDDINGS_CACHE_ENTRIES: '12000',
    LOG_LEVEL: 'error',
    ...settings,
  })
  return Object.assign(state, {
    server,
    model,
    [Symbol.asyncDispose]: async () => {
      await server.stop()
      await model.close()
    },
  })
}

async function send(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer caller', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
}

/** Asks a model, as applications do. */
export function askModel({ server }: World, content: string): Promise<void> {
  return send(`${server.url}/v1/chat/completions`, { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
}

export function embedTexts({ server }: World, input: readonly string[]): Promise<void> {
  return send(`${server.url}/v1/embeddings`, { model: 'text-embedding-3-small', input })
}

export function say({ server }: World, guest: string, content: string): Promise<void> {
  return send(`${server.url}/v1/guest/chat/${guest}`, { role: 'user', content })
}

/** An hour of an application's life: calls, hits, guests, one who became a user, and a message that no model takes. */
export async function live(world: World): Promise<void> {
  const { server } = world
  for (let round = 0; round < 3; round += 1)
    for (const question of ['Why is the sky blue?', 'What is rust?', 'What is an echo?'])
      await askModel(world, question)
  await embedTexts(world, ['one', 'two', 'three'])
  await embedTexts(world, ['one', 'two', 'four'])
  for (const guest of ['ann', 'bob', 'cleo']) {
    await say(world, guest, `I am ${guest} and I travel to Lisbon in May.`)
    await say(world, guest, 'My dog is called Rex.')
    await fetch(`${server.url}/v1/guest/chat/${guest}`)
  }
  await say(world, 'dan', 'An unspeakable message.')
  await send(`${server.url}/v1/guest/migrate/cleo`, { user_id: 'user-cleo' })
}
