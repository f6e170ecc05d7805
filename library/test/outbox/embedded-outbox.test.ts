import { openEmbeddedDatabase } from 'reprise/embedded'
import { type Database, migrate } from 'reprise/postgres'
import { outboxSuite } from 'reprise/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { outboxHarness } from './outbox-harness.ts'

describe('the outbox in the embedded database', () => {
  let home: PrivateDirectory
  let database: Database

  beforeAll(async () => {
    home = await privateDirectory('outbox')
    database = await openEmbeddedDatabase({ directory: home.path })
    await migrate(database)
  })
  afterAll(async () => {
    await database?.close()
    await home?.[Symbol.asyncDispose]()
  })

  for (const { name, run } of outboxSuite(() => outboxHarness(database))) it(name, run)
})
