import type { Clock, UsageStore } from 'reprise'
import type { Caches } from '../caches.ts'
import type { Settings } from '../config/settings-table.ts'
import { openAccounts } from './accounting/accounts.ts'
import { loadPriceTable } from './accounting/price-table.ts'
import { type CallerSettings, createCallers } from './callers/callers.ts'
import { createPartitions } from './callers/partitions.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { createUpstreamClient } from './upstream/upstream-client.ts'
import { createUpstreams, type UpstreamSettings } from './upstream/upstreams.ts'

export interface GatewayStores {
  readonly usage: UsageStore
  tenantSecret(): Promise<Uint8Array>
}

export interface GatewayOptions {
  readonly settings: CallerSettings &
    UpstreamSettings &
    Pick<Settings, 'upstreamTimeoutSeconds' | 'sharedNamespaces' | 'modelPrices'>
  readonly stores: GatewayStores
  readonly caches: Caches | undefined
  readonly clock: Clock
}

export interface Gateway {
  readonly parts: GatewayParts
  /** Ends what still runs, closes the connections to upstreams, and adds the last counts to the database. */
  close(): Promise<void>
}

/** Puts the gateway together. No upstream is called before the first request. */
export async function openGateway({ settings, stores, caches, clock }: GatewayOptions): Promise<Gateway> {
  const prices = await loadPriceTable(settings.modelPrices)
  const callers = createCallers(settings, await stores.tenantSecret())
  const client = createUpstreamClient({ silenceMs: settings.upstreamTimeoutSeconds * 1_000 })
  const accounts = openAccounts({ store: stores.usage, prices, clock })
  const parts: GatewayParts = {
    callers,
    partitions: createPartitions(settings),
    upstreams: createUpstreams(settings),
    client,
    accounts,
    prices,
    caches,
  }
  return {
    parts,
    close: async () => {
      await client.close()
      await accounts.close()
    },
  }
}
