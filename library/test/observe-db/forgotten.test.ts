import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import mysqlPromise from 'mysql2/promise'
import pg from 'pg'
import { Registry } from 'prom-client'
import { observePool, observeQueries, poolWarnings } from 'reprise/observe-db'
import { expect, test } from 'vitest'
import { levelIn, patiently } from './samples.ts'

test('pools that have ended are forgotten, however many there were', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const registry = new Registry()
  const ended: WeakRef<object>[] = []
  for (let tenant = 0; tenant < 100; tenant += 1) {
    const name = `tenant ${tenant}`
    const pool = observeQueries(observePool(new pg.Pool(), { registry, name }), { registry })
    const other = observeQueries(observePool(mysqlPromise.createPool({}), { registry, name }), { registry })
    ended.push(new WeakRef(pool), new WeakRef(other.pool))
    await Promise.all([pool.end(), other.end()])
  }
  expect(await levelIn(registry)).toEqual([0, 0])
  expect(poolWarnings(registry)).toEqual([])
  await expect
    .poll(() => {
      collect()
      return ended.filter(reference => reference.deref() !== undefined).length
    }, patiently)
    .toBeLessThan(3)
})
