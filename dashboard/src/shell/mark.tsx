/** The repeat sign of music, and the name. */
export function Mark() {
  return (
    <span className="mark">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="7.5" cy="9" r="2" />
        <circle cx="7.5" cy="15" r="2" />
        <rect x="12.5" y="4" width="1.8" height="16" rx=".9" />
        <rect x="16.8" y="4" width="3.4" height="16" rx="1" />
      </svg>
      Reprise
    </span>
  )
}
