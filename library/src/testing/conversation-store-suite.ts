import { type ContractCase, promisesOf } from './contract-case.ts'
import { appendPromises } from './conversation-store-suite/append-promises.ts'
import { erasePromises } from './conversation-store-suite/erase-promises.ts'
import { migrationPromises } from './conversation-store-suite/migration-promises.ts'
import { readPromises } from './conversation-store-suite/read-promises.ts'
import type { ConversationStoreHarness, Promises } from './conversation-store-suite/scene.ts'
import { upkeepPromises } from './conversation-store-suite/upkeep-promises.ts'

/**
 * What every conversation store promises. Guests and users of each case are new, so that `open` may give the same store
 * every time, and others may use it meanwhile.
 * @example for (const { name, run } of conversationStoreSuite(open)) test(name, run)
 */
export function conversationStoreSuite(open: () => Promise<ConversationStoreHarness>): readonly ContractCase[] {
  const promises: Promises = {
    ...appendPromises,
    ...readPromises,
    ...erasePromises,
    ...migrationPromises,
    ...upkeepPromises,
  }
  const promise = promisesOf(open)
  return Object.entries(promises).map(([name, keep]) => promise(name, keep))
}
