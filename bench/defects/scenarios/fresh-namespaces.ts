import { setTimeout as sleep } from 'node:timers/promises'
import { type Scenario, verdictOf } from '../scenario.ts'

const callers = 20

export const freshNamespaces: Scenario = {
  name: '20 loads over fresh namespaces',
  question: 'Does a loader run once when each of 20 callers makes the same namespace anew?',
  needs: ['loads', 'namespaces'],
  play: async library => {
    const cache = await library.open({})
    let runs = 0
    const loader = async () => {
      runs += 1
      await sleep(50)
      return 'value'
    }
    const load = () => cache.namespace?.('fresh').load?.('key', loader)
    const values = await Promise.all(Array.from({ length: callers }, load))
    return verdictOf([
      runs !== 1 && `the loader runs ${runs} times`,
      values.some(value => value !== 'value') && 'not all get the value',
    ])
  },
}
