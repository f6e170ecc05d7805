import type { ChatOverview } from 'reprise-server/answers'

/** What happened within one step of a chart. */
export interface UsageStep {
  /** Its beginning, in ms since the epoch. */
  readonly at: number
  /** Readings of histories, and those of them that found nothing. */
  readonly requests: number
  readonly misses: number
  /** Held at its end; null where nothing was counted. */
  readonly conversations: number | null
  readonly responseMs: number | null
  readonly generationMs: number | null
}

const hourMs = 3_600_000
const mostSteps = 180

/** The hours as steps without gaps: those in which nothing happened are steps too. */
export function stepsOf(hours: ChatOverview['hours'], range: number, now: number): readonly UsageStep[] {
  const hoursPerStep = range <= mostSteps ? 1 : 6
  const stepMs = hoursPerStep * hourMs
  const last = Math.floor(now / stepMs) * stepMs
  const count = Math.ceil(range / hoursPerStep)
  const byStep = Map.groupBy(hours, ({ at }) => Math.floor(Date.parse(at) / stepMs) * stepMs)
  return Array.from({ length: count }, (_, step) => {
    const at = last - (count - 1 - step) * stepMs
    return { at, ...foldedOf(byStep.get(at) ?? []) }
  })
}

function foldedOf(hours: ChatOverview['hours']): Omit<UsageStep, 'at'> {
  const sum = (of: (hour: ChatOverview['hours'][number]) => number) => hours.reduce((all, hour) => all + of(hour), 0)
  const requests = sum(hour => hour.requests)
  const generating = hours.filter(hour => hour.generation_ms > 0)
  return {
    requests,
    misses: sum(hour => hour.misses),
    conversations: hours.at(-1)?.conversations ?? null,
    responseMs: requests === 0 ? null : sum(hour => hour.response_ms * hour.requests) / requests,
    generationMs:
      generating.length === 0
        ? null
        : generating.reduce((all, hour) => all + hour.generation_ms, 0) / generating.length,
  }
}
