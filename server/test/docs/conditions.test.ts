import { expect, it } from 'vitest'
import { conditions } from '../../src/observe/health-conditions.ts'
import { readPage } from './pages.ts'

it('docs/operations.md names every condition of the health, with what it makes of it', () => {
  const rows = [...readPage('docs/operations.md').matchAll(/^\| `(\w+)` \| (unhealthy|degraded|healthy) \|/gm)]
  const shown = rows.map(([, name, status]) => `${name} ${status}`).sort()
  const told = conditions.map(({ name, severity }) => `${name} ${severity === 'noted' ? 'healthy' : severity}`)
  expect(shown).toEqual(told.sort())
})
