import type { TakeoverReport } from '../../takeover/take-over.ts'
import { takeOverRedis } from '../../takeover/take-over-redis.ts'
import { exitCodes } from '../exit-codes.ts'
import { table } from '../table.ts'
import { withStores } from './with-stores.ts'

/** Brings the tables up to date, takes over Redis keys where there is a Redis, and prints what was done. */
export async function runMigrate(options: { readonly json?: true }): Promise<void> {
  await withStores({ mayBegin: true }, async (stores, settings) => {
    const { applied, notes } = await stores.migrate()
    const takeover = await takeOverRedis(stores, settings)
    if (takeover !== undefined && takeover.conflicts.length + takeover.unreadable.length > 0) {
      process.exitCode = exitCodes.failed
    }
    if (options.json) process.stdout.write(`${JSON.stringify({ applied, notes, takeover })}\n`)
    else print(applied, notes, takeover)
  })
}

function print(applied: readonly string[], notes: readonly string[], takeover: TakeoverReport | undefined): void {
  const lines = applied.length === 0 ? ['The tables are up to date.'] : applied.map(name => `Carried out ${name}.`)
  process.stdout.write(`${[...lines, ...notes].join('\n')}\n`)
  if (takeover === undefined) return
  const { conflicts, unreadable, ...counts } = takeover
  if (counts.found === 0) {
    process.stdout.write('Redis holds no guests of an older system.\n')
    return
  }
  const row = { ...counts, conflicts: conflicts.length, unreadable: unreadable.length }
  process.stdout.write(`\nGuests of an older system in Redis:\n${table([row])}`)
  for (const guestId of conflicts) {
    process.stdout.write(
      `guest:${guestId}: PostgreSQL says something else, which stands; the key is now reprise:left:{guest:${guestId}}\n`,
    )
  }
  for (const { guestId, reason } of unreadable) {
    process.stdout.write(`guest:${guestId}: ${reason}; the key is now reprise:left:{guest:${guestId}}\n`)
  }
}
