import type { Clock } from 'reprise'

export interface RepetitionLimit {
  /** How many of one kind are let through in a window. */
  readonly perWindow: number
  readonly windowMs: number
  readonly clock: Clock
  /** Told at the end of a window how many of a kind were left out. */
  readonly onLeftOut: (kind: string, leftOut: number) => void
}

/** Past this many kinds at once, further ones share a window. */
const maxKinds = 256

/**
 * Keeps a storm of the same failure from filling the log: of each kind the first few in a window are let through, the
 * rest are counted and told at its end. Kinds should come from a small set.
 */
export function limitRepetition(limit: RepetitionLimit): (kind: string) => boolean {
  const { perWindow, windowMs, clock, onLeftOut } = limit
  const seen = new Map<string, number>()

  async function openWindow(kind: string): Promise<void> {
    await clock.sleep(windowMs)
    const leftOut = (seen.get(kind) ?? 0) - perWindow
    seen.delete(kind)
    if (leftOut > 0) onLeftOut(kind, leftOut)
  }

  return asked => {
    const kind = seen.has(asked) || seen.size < maxKinds ? asked : 'others'
    const count = (seen.get(kind) ?? 0) + 1
    seen.set(kind, count)
    if (count === 1) void openWindow(kind)
    return count <= perWindow
  }
}
