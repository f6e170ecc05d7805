import type { Settings } from '../config/settings-table.ts'
import { type CallerSettings, createCallers } from './callers/callers.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { createUpstreamClient } from './upstream/upstream-client.ts'
import { createUpstreams, type UpstreamSettings } from './upstream/upstreams.ts'

export interface GatewayOptions {
  readonly settings: CallerSettings & UpstreamSettings & Pick<Settings, 'upstreamTimeoutSeconds'>
  /** By which credentials become tenants. */
  readonly tenantSecret: Uint8Array
}

export interface Gateway {
  readonly parts: GatewayParts
  /** Ends what still runs and closes the connections to upstreams. */
  close(): Promise<void>
}

/** Puts the gateway together. Nothing is called before the first request. */
export function openGateway({ settings, tenantSecret }: GatewayOptions): Gateway {
  const client = createUpstreamClient({ silenceMs: settings.upstreamTimeoutSeconds * 1_000 })
  const parts = { callers: createCallers(settings, tenantSecret), upstreams: createUpstreams(settings), client }
  return { parts, close: () => client.close() }
}
