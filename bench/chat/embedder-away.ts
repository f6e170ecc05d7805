import { type Answer, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { type WrkFigures, wrk } from '../measure/wrk.ts'
import { type Arena, onFreshReprise, script } from './arena.ts'
import { startRemoteModel } from './remote-model.ts'

const connections = 32
/** Between two messages of a connection, so that the server is busy but not saturated: p99 then shows delays, not queues. */
const pauseMs = 20
const conversations = 1_000
const promised = 1.2

/** Does the local embedding model slow the chat, or a remote one that is slow, fails or hangs? */
export async function embedderQuestion(arena: Arena): Promise<Answer> {
  const template = 'embedder'
  await arena.databases.makeTemplate(template, script('conversations.sql'), { conversations })
  await using model = await startRemoteModel()
  const remote = (manner: string) => ({ EMBEDDER: 'openai', EMBEDDER_BASE_URL: `${model.url}/${manner}` })
  const variants = [
    { name: 'none', settings: { EMBEDDER: 'none' } },
    { name: 'local', settings: { EMBEDDER: 'local' } },
    { name: 'slow (2 s)', settings: remote('slow') },
    { name: 'failing (500)', settings: remote('failing') },
    { name: 'hung', settings: remote('hung') },
  ].map(variant => ({ ...variant, rounds: [] as WrkFigures[] }))

  const { rounds, seconds, warmUpSeconds } = arena.effort
  const measure = (settings: Readonly<Record<string, string>>) =>
    onFreshReprise(arena, template, settings, async ({ url }) => {
      const options = {
        script: script('post.lua'),
        url,
        connections,
        arguments: ['guest-', conversations, 1, pauseMs],
      }
      await wrk({ ...options, seconds: warmUpSeconds })
      return await wrk({ ...options, seconds })
    })
  await inTurn(
    rounds,
    variants.map(variant => async () => variant.rounds.push(await measure(variant.settings))),
  )

  const results = variants.map(({ name, rounds }) => ({ name, ...medians(rounds) }))
  const [without, local, ...remotes] = results
  const timesWithout = (p99Ms = Number.NaN) => p99Ms / (without?.p99Ms ?? Number.NaN)
  const slowest = timesWithout(Math.max(...remotes.map(({ p99Ms }) => p99Ms)))
  return {
    title: 'POST while messages are embedded, or the model is away',
    method:
      `${connections} connections post with pauses of ${pauseMs} ms on average to ${figure(conversations)} conversations; ` +
      'messages are embedded by the local model, or by a remote one that answers after 2 s, fails, or never answers.',
    columns: ['embedding model', 'messages/s', 'p50 ms', 'p99 ms'],
    rows: results.map(({ name, requestsPerSecond, p50Ms, p99Ms }) => {
      return [name, figure(requestsPerSecond), figure(p50Ms), figure(p99Ms)]
    }),
    bars: [
      {
        promise: `with a remote model, p99 at most ${figure(promised, 1)} × that without a model`,
        found: `${figure(slowest, 2)} × at worst; ${figure(timesWithout(local?.p99Ms), 2)} × with the local one`,
        isMet: slowest <= promised,
      },
    ],
  }
}
