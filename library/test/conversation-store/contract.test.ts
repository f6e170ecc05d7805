import { postgresConversationStore } from 'reprise/postgres'
import { conversationStoreSuite } from 'reprise/testing'
import { it } from 'vitest'
import { describeOnBoth } from './both-databases.ts'

describeOnBoth('the conversation store', databases => {
  const open = async () => ({
    store: postgresConversationStore(databases.database),
    other: postgresConversationStore(databases.other),
    close: async () => {},
  })
  for (const { name, run } of conversationStoreSuite(open)) it(name, run)
})
