import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from 'reprise'
import { readSettings } from '../config/settings.ts'
import { serve } from '../serve.ts'
import { type ModelFault, startModelServer } from './model-server.ts'
import { type DemoCall, makeTraffic } from './traffic.ts'

export interface DemoArguments {
  readonly port: number
  readonly rate: number
  readonly delay: number
  /** `--no-traffic` makes it false. */
  readonly traffic: boolean
}

const faultShare = 0.02
const reportEveryMs = 10_000

/** Starts a made-up model, the server before it in a database that is thrown away, and callers; until a signal comes. */
export async function runDemo({ port, rate, delay, traffic }: DemoArguments): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-demo-'))
  const model = await startModelServer({ delays: { firstMs: delay, tokenMs: delay / 20 }, faultOf: seldomFault })
  const ending = new AbortController()
  const settings = readSettings({
    PORT: `${port}`,
    DATA_DIR: directory,
    UPSTREAM_BASE_URL: model.url,
    UPSTREAM_API_KEY: 'demo',
    ADMIN_SHOW_KEYS: 'true',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error',
  })
  let running: Promise<void> = Promise.resolve()
  const { url } = await serve(settings, {
    beforeStop: async () => {
      ending.abort()
      await running
    },
    afterStop: async () => {
      await model.close()
      await rm(directory, { recursive: true, force: true })
    },
  })
  process.stdout.write(explanation(url, model.url, traffic))
  if (!traffic) return
  const report = startReport(ending.signal)
  running = makeTraffic({ url, callsPerSecond: rate, clock: systemClock, signal: ending.signal, onCall: report })
}

/** Now and then a model is overloaded, or its connection breaks. */
function seldomFault(): ModelFault | undefined {
  const dice = Math.random()
  if (dice > faultShare) return undefined
  return dice < faultShare / 2 ? { kind: 'status', status: 429 } : { kind: 'break', afterEvents: 3 }
}

function startReport(signal: AbortSignal): (call: DemoCall) => void {
  const calls: DemoCall[] = []
  const timer = setInterval(() => {
    const models = calls.filter(({ state }) => state !== undefined)
    const share = (state: string) =>
      Math.round((models.filter(call => call.state === state).length / models.length) * 100)
    const mean = (state: string) => meanOf(models.filter(call => call.state === state))
    if (models.length > 0) {
      process.stdout.write(
        `${models.length} calls of models in ${reportEveryMs / 1_000} s: ${share('hit')} % hits (${mean('hit')} ms), ` +
          `${share('miss')} % misses (${mean('miss')} ms), ${share('coalesced')} % shared a call under way\n`,
      )
    }
    calls.length = 0
  }, reportEveryMs)
  signal.addEventListener('abort', () => clearInterval(timer))
  return call => calls.push(call)
}

function meanOf(calls: readonly DemoCall[]): string {
  if (calls.length === 0) return '–'
  return (calls.reduce((sum, { durationMs }) => sum + durationMs, 0) / calls.length).toFixed(0)
}

function explanation(url: string, modelUrl: string, traffic: boolean): string {
  return `
A made-up model answers at ${modelUrl}; Reprise stands before it. No key is needed, and nothing is kept.
${traffic ? 'Callers ask it all the time: watch hits and savings move at' : 'Look at'} ${url}/admin/cache

Ask twice, and see x-reprise-cache turn from miss to hit:
  curl -si ${url}/v1/chat/completions -H 'authorization: Bearer me' -H 'content-type: application/json' \\
    -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Why is the sky blue?"}]}'
What it saved you:
  curl -s ${url}/v1/usage -H 'authorization: Bearer me'

`
}
