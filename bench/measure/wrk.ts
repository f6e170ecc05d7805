import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { requireBinary } from '../../testbed/binaries.ts'

export interface WrkOptions {
  /** Path of the Lua script that makes the requests and prints the figures. */
  readonly script: string
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** What the script is told. */
  readonly arguments: readonly (string | number)[]
}

/** Type, not interface: its medians are taken field by field. */
export type WrkFigures = {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const run = promisify(execFile)

/** Puts a server under load. Answers other than 2xx and broken connections fail the measurement. */
export async function wrk(options: WrkOptions): Promise<WrkFigures> {
  const { script, url, connections, seconds } = options
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url, '--']
  const { stdout } = await run(requireBinary('wrk'), [...flags, ...options.arguments.map(String)])
  const line = stdout.split('\n').find(text => text.startsWith('figures '))
  if (line === undefined) throw new Error(`wrk printed no figures:\n${stdout}`)
  const { requests, durationMs, p50Ms, p99Ms, errors } = JSON.parse(line.slice('figures '.length))
  if (errors > 0) throw new Error(`${errors} of ${requests} requests to ${url} failed:\n${stdout}`)
  return { requests, requestsPerSecond: requests / (durationMs / 1_000), p50Ms, p99Ms }
}
