import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../testbed/free-port.ts'
import { startReprise } from '../../testbed/servers/reprise.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import { startBareGateway } from './peers/start-bare-gateway.ts'
import { timedPieces } from './timed-pieces.ts'

const followers = 1_000
const promised = 1.3
const run = promisify(execFile)

interface CrowdFigures {
  readonly complete: number
  readonly lastMs: readonly number[]
}

/** How long from a piece's making to the last of a thousand who follow one stream, beside a bare broadcast? */
export async function followersQuestion({ rounds }: Pick<Effort, 'rounds'>): Promise<Answer> {
  let asked = 0
  const upstream = createServer(async (_, response) => {
    asked += 1
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for await (const piece of timedPieces(sleep)) response.write(piece)
    response.end()
  })
  const port = await freePort()
  await new Promise<void>(resolve => upstream.listen(port, '127.0.0.1', resolve))
  await using server = await startReprise({
    UPSTREAM_BASE_URL: `http://127.0.0.1:${port}/v1`,
    EMBEDDER: 'none',
    LOG_LEVEL: 'silent',
  })
  await using bare = await startBareGateway(Buffer.from('{}'))
  const found = new Map<string, number[]>()
  const contender = (name: string, url: string) => async () => {
    const { stdout } = await run(process.execPath, [
      fileURLToPath(new URL('crowd.ts', import.meta.url)),
      new URL(url).port,
      `${followers}`,
    ])
    const { complete, lastMs }: CrowdFigures = JSON.parse(stdout)
    if (complete !== followers) throw new Error(`${name}: ${complete} of ${followers} got all of the stream.`)
    found.set(name, [...(found.get(name) ?? []), ...lastMs])
  }
  await inTurn(rounds, [contender('gateway', server.url), contender('bare broadcast', bare.url)])
  upstream.close()
  const [ours, peer] = ['gateway', 'bare broadcast'].map(name => median(found.get(name) ?? []))
  const share = (ours ?? Number.NaN) / (peer ?? Number.NaN)
  return {
    title: 'A thousand callers of one stream',
    method:
      `${followers} clients ask the same at once, in ${rounds} rounds; the upstream was called ${asked} times. Measured is the ` +
      'time from the making of a piece to its arrival at the last client. The bare broadcast makes the pieces in its own ' +
      'process and writes each to all responses; the gateway gets them from an upstream over HTTP.',
    columns: ['', 'median ms to the last of them'],
    rows: [
      ['gateway', figure(ours ?? Number.NaN)],
      ['bare broadcast', figure(peer ?? Number.NaN)],
    ],
    bars: [
      { promise: 'one call to the upstream a round', found: `${asked} in ${rounds}`, isMet: asked === rounds },
      { promise: `at most ${promised} × the bare broadcast`, found: `${figure(share, 2)} ×`, isMet: share <= promised },
    ],
  }
}
