import { connectPostgres } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { bytesLeft } from '../../../testbed/quick-collection.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { rowsOf } from './databases.ts'

describeWith(['postgres'], 'the results of statements', () => {
  it('are let go without a full collection of garbage', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    const database = connectPostgres({ url: server.url, maxConnections: 1 })
    const ofEach = 4_000
    const left = await bytesLeft(1_000, () => rowsOf(database, 'SELECT repeat($1, $2) AS text', ['x', ofEach]))
    expect(left).toBeLessThan(ofEach / 5)
    await database.close()
  })
})
