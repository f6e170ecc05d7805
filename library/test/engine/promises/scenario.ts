import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { Cache, CacheOptions } from 'reprise'

/** Where scenarios play: memory alone, or caches of several processes before one shared tier. */
export interface World {
  /** How many processes there are; each cache made lives in the next one. */
  readonly processes: number
  /** A cache as a process of its own makes it. In a world without a shared tier there is one. */
  cache(options?: Partial<CacheOptions>): Promise<Cache>
  /** Lets time pass for the caches, and for the shared tier if there is one. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

export interface Scenario {
  readonly name: string
  /** How many processes it takes; those of one play everywhere. */
  readonly processes: 1 | 2
  /** Looks at the very objects that come out, which other processes can only send copies of. */
  readonly isAboutObjects?: true
  readonly play: (world: World) => Promise<void>
}

/** A cache in each process. */
export async function everyCache(world: World, options?: Partial<CacheOptions>): Promise<readonly Cache[]> {
  return Promise.all(Array.from({ length: world.processes }, () => world.cache(options)))
}

/** So wide that a busy machine is never taken for an outage, which has tests of its own. */
export const wideLimits = { commandTimeoutMs: 10_000, writeTimeoutMs: 10_000 }

/** A promise that the test settles. */
export function gate<Value = void>() {
  return Promise.withResolvers<Value>()
}

/** Lets whatever is under way in this process come to rest. */
export async function rest(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

/** Waits, by real time, for what another process or Redis must do first. */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `${what}: not within 20 seconds`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** A loader that counts its runs and answers `value` with the number of the run. */
export function counting(value = 'v') {
  const loader = async () => {
    loader.runs += 1
    await turn()
    return `${value}${loader.runs}`
  }
  loader.runs = 0
  return loader
}
