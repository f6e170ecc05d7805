import { setTimeout as sleep } from 'node:timers/promises'
import { type Scenario, verdictOf } from '../scenario.ts'

const callers = 20

export const failingLoader: Scenario = {
  name: '20 waiters on a failing loader',
  question: 'Does a failing loader run once for all that wait for it, and do all get its error?',
  needs: ['loads'],
  play: async library => {
    const cache = await library.open({})
    let runs = 0
    const loader = async () => {
      runs += 1
      await sleep(50)
      throw new Error('the source is away')
    }
    const settled = await Promise.allSettled(Array.from({ length: callers }, async () => cache.load?.('key', loader)))
    const quiet = settled.filter(({ status }) => status === 'fulfilled').length
    return verdictOf([
      runs !== 1 && `the loader runs ${runs} times`,
      quiet > 0 && `${quiet} callers get a value instead of the error`,
    ])
  },
}
