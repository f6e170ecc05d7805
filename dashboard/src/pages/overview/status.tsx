import type { CacheStats } from 'reprise-server/answers'
import type { Connection } from '../../live/live-figures.ts'
import { Badge } from '../../parts/badge.tsx'

/** How the server is; while it is away, how it was. */
export function Status({ stats, connection }: { readonly stats: CacheStats; readonly connection: Connection }) {
  const { status, warnings } = stats
  if (connection.kind === 'away') return <Badge tone="plain">Not known now</Badge>
  if (status === 'unhealthy') return <Badge tone="bad">Unhealthy</Badge>
  if (status === 'degraded') return <Badge tone="warn">Degraded</Badge>
  return <Badge tone="good">{warnings.length === 0 ? 'All is well' : 'Well, with a remark'}</Badge>
}
