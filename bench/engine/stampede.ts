import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startRedis } from '../../testbed/servers/redis.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { callersEach, type StampedeResult } from './stampede-process.ts'

const processes = 4

/** Many callers in several processes ask for one key that nobody has. */
export async function stampedeQuestion({ rounds }: Effort): Promise<Answer> {
  await using server = await startRedis()
  const program = new URL('./stampede-process.ts', import.meta.url)
  const children = Array.from({ length: processes }, () => fork(program, [server.url]))
  await Promise.all(children.map(child => once(child, 'message')))
  const rows: string[][] = []
  let mostRuns = 0
  let wrong = 0
  for (let round = 0; round < rounds; round += 1) {
    const answers = children.map(child => once(child, 'message'))
    for (const child of children) child.send(`cold ${round}`)
    // Each child answers a round by one result.
    const results = (await Promise.all(answers)).map(([result]) => result as StampedeResult)
    const sum = (of: (result: StampedeResult) => number) => results.reduce((total, result) => total + of(result), 0)
    const runs = sum(result => result.runs)
    mostRuns = Math.max(mostRuns, runs)
    wrong += sum(result => result.wrong)
    const slowest = Math.max(...results.map(result => result.slowestMs))
    rows.push([`${round + 1}`, `${runs}`, figure(slowest, 0)])
  }
  for (const child of children) child.disconnect()
  return {
    title: 'A stampede',
    method: `${processes} processes, ${callersEach} callers at once in each, one key that no tier has; the loader takes 200 ms.`,
    columns: ['round', 'runs of the loader', 'slowest caller, ms'],
    rows,
    bars: [
      {
        promise: 'the loader runs once and all get its value',
        found: `at most ${mostRuns} runs, ${wrong} wrong answers`,
        isMet: mostRuns === 1 && wrong === 0,
      },
    ],
  }
}
