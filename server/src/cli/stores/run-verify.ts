import { checkCopies } from '../../copy-check/check-copies.ts'
import { exitCodes } from '../exit-codes.ts'
import { table } from '../table.ts'
import { withStores } from './with-stores.ts'

export interface VerifyOptions {
  readonly repair?: true
  readonly json?: true
}

/** Checks every copy in Redis, prints what was found and sets the exit code. */
export async function runVerify({ repair, json }: VerifyOptions): Promise<void> {
  await withStores({ mayBegin: false }, async ({ conversationStore: store, fastCopies }) => {
    if (fastCopies?.kind !== 'redis') {
      process.stdout.write(json ? '{"checked":0}\n' : 'No Redis is in use: there are no copies to check.\n')
      return
    }
    const { copies } = fastCopies
    const report = await checkCopies(copies.scan(), { store, copies, repair: repair === true })
    if (report.wrong > 0) process.exitCode = exitCodes.failed
    if (json) {
      process.stdout.write(`${JSON.stringify(report)}\n`)
      return
    }
    const { wrongGuests, repaired, ...found } = report
    process.stdout.write(table([repair ? { ...found, repaired } : found]))
    for (const guestId of wrongGuests) process.stdout.write(`guest:${guestId}: was not what PostgreSQL says\n`)
    if (!repair && found.wrong + found.behind > 0) process.stdout.write('--repair replaces what is wrong or behind.\n')
  })
}
