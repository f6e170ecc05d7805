import { type Finding, ok, warning } from './finding.ts'

/** Past this, instants of two machines contradict each other visibly. */
const tolerableMs = 2_000

/** How far the clock of another machine is from this one's, told by it between two looks at ours. */
export function clockFinding(where: string, askedAt: number, theirs: number, answeredAt: number): Finding {
  const aheadMs = theirs < askedAt ? theirs - askedAt : Math.max(0, theirs - answeredAt)
  const check = `${where} clock`
  if (Math.abs(aheadMs) <= tolerableMs) return ok(check, 'agrees with this machine’s')
  const direction = aheadMs > 0 ? 'ahead of' : 'behind'
  return warning(
    check,
    `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${direction} this machine’s`,
    'Times to live and timestamps will be off by as much: let both machines keep time, for instance by chrony or systemd-timesyncd.',
  )
}
