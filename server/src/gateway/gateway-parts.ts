import type { Callers } from './callers/callers.ts'
import type { UpstreamClient } from './upstream/upstream-client.ts'
import type { Upstreams } from './upstream/upstreams.ts'

/** What all routes of the gateway work with. */
export interface GatewayParts {
  readonly callers: Callers
  readonly upstreams: Upstreams
  readonly client: UpstreamClient
}
