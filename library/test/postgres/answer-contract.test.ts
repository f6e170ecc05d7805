import { type Database, migrate, postgresAnswers } from 'reprise/postgres'
import { answerStoreSuite } from 'reprise/testing'
import { afterAll, beforeAll, test } from 'vitest'
import { type DatabaseMaker, describeOnBoth, sql } from './databases.ts'

describeOnBoth('answers in prompt_cache keep what stores of answers promise', start => {
  let databases: DatabaseMaker
  let database: Database
  beforeAll(async () => {
    databases = await start()
    database = await databases.make()
    await migrate(database)
  })
  afterAll(() => databases?.[Symbol.asyncDispose]())

  const open = async () => {
    await database.run(sql('DELETE FROM prompt_cache'))
    return { store: postgresAnswers(database), other: postgresAnswers(database), close: async () => {} }
  }
  for (const { name, run } of answerStoreSuite(open)) test(`C3 ${name}`, run)
})
