import type { ChatOverview } from 'reprise-server/answers'

/** What happened within one step of a chart. */
export interface UsageStep {
  /** Its beginning, in ms since the epoch. */
  readonly at: number
  readonly requests: number
  readonly conversations: number
  readonly responseMs: number | null
  readonly generationMs: number | null
  /** Percent of the readings that the fast copy answered; null where nothing was read. */
  readonly copyRate: number | null
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
  const [hits, misses] = [sum(hour => hour.hits), sum(hour => hour.misses)]
  const mean = (of: (hour: ChatOverview['hours'][number]) => number) =>
    requests === 0 ? null : sum(hour => of(hour) * hour.requests) / requests
  return {
    requests,
    conversations: sum(hour => hour.conversations),
    responseMs: mean(hour => hour.response_ms),
    generationMs: mean(hour => hour.generation_ms),
    copyRate: hits + misses === 0 ? null : (hits / (hits + misses)) * 100,
  }
}
