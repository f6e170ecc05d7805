export interface MeterProps {
  readonly label: string
  /** 0 to 100. */
  readonly percent: number
  readonly tone?: 'plain' | 'good' | 'warn' | 'bad'
  readonly text: string
}

/** How full something is. */
export function Meter({ label, percent, tone = 'plain', text }: MeterProps) {
  return (
    <svg
      className={`meter is-${tone}`}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${text}`}
    >
      <rect className="meter-track" width="100" height="6" />
      <rect className="meter-fill" width={Math.max(0, Math.min(100, percent))} height="6" />
    </svg>
  )
}
