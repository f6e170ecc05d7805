import { residentBytes } from '../measure/processes.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, medians } from '../measure/rounds.ts'
import { wrk } from '../measure/wrk.ts'
import { type Arena, onFreshReprise, script } from './arena.ts'

const connections = 64
const messagesEach = 20
const storedCounts = [1_000, 100_000, 1_000_000]
/** Whatever is stored, this many guests are active, spread evenly over all: only the store grows. */
const activeGuests = 50
const promised = 0.2

/** Type, not interface: its medians are taken field by field. */
type GrowthFigures = {
  readonly getsPerSecond: number
  readonly postsPerSecond: number
  readonly residentMegabytes: number
}

/** Does the cost of a read or a write grow with what is stored? */
export async function growthQuestion(arena: Arena): Promise<Answer> {
  const sizes = storedCounts.map(stored => ({ stored, template: `stored_${stored}`, rounds: [] as GrowthFigures[] }))
  for (const { stored, template } of sizes) {
    const variables = { guests: stored / messagesEach, messages_each: messagesEach }
    await arena.databases.makeTemplate(template, script('fill.sql'), variables)
  }
  await inTurn(
    arena.effort.rounds,
    sizes.map(size => async () => size.rounds.push(await measure(arena, size))),
  )

  const results = sizes.map(({ stored, rounds }) => ({ stored, ...medians(rounds) }))
  const spreadOf = (read: (figures: GrowthFigures) => number) => {
    const values = results.map(read)
    return 1 - Math.min(...values) / Math.max(...values)
  }
  const bar = (what: string, read: (figures: GrowthFigures) => number) => {
    const found = spreadOf(read)
    return {
      promise: `${what} within ${figure(promised * 100, 0)} %`,
      found: `${figure(found * 100, 1)} % between the best and the worst`,
      isMet: found <= promised,
    }
  }
  return {
    title: 'Cost as the store grows',
    method:
      `${connections} connections read (histories of ${messagesEach} messages), then post, with ${activeGuests} guests ` +
      'spread over all that is stored. The server starts anew for each run; its memory is read at the end.',
    columns: ['messages stored', 'GET/s', 'POST/s', 'memory of the server, MB'],
    rows: results.map(({ stored, getsPerSecond, postsPerSecond, residentMegabytes }) => {
      return [figure(stored), figure(getsPerSecond), figure(postsPerSecond), figure(residentMegabytes)]
    }),
    bars: [
      bar('GET rates', figures => figures.getsPerSecond),
      bar('POST rates', figures => figures.postsPerSecond),
      bar('memory of the server', figures => figures.residentMegabytes),
    ],
  }
}

async function measure(
  arena: Arena,
  { stored, template }: { readonly stored: number; readonly template: string },
): Promise<GrowthFigures> {
  const { seconds, warmUpSeconds } = arena.effort
  const step = stored / messagesEach / activeGuests
  return await onFreshReprise(arena, template, { EMBEDDER: 'none' }, async ({ url, pid }) => {
    const warmThenMeasure = async (name: string) => {
      const options = { script: script(name), url, connections, arguments: ['guest-', activeGuests, step] }
      await wrk({ ...options, seconds: warmUpSeconds })
      return await wrk({ ...options, seconds })
    }
    const gets = await warmThenMeasure('get.lua')
    const posts = await warmThenMeasure('post.lua')
    return {
      getsPerSecond: gets.requestsPerSecond,
      postsPerSecond: posts.requestsPerSecond,
      residentMegabytes: residentBytes(pid) / 1e6,
    }
  })
}
