import { systemClock } from 'reprise'
import { openStores, type Stores } from '../compose.ts'
import { readSettings } from '../config/settings.ts'
import type { Settings } from '../config/settings-table.ts'

/** Opens the stores that the environment names, for one command's work. */
export async function withStores(work: (stores: Stores, settings: Settings) => Promise<void>): Promise<void> {
  const settings = readSettings(process.env)
  const stores = await openStores(settings, systemClock)
  try {
    await work(stores, settings)
  } finally {
    await stores.close()
  }
}
