import type { HealthProvider, HealthReport } from '../../http/health-routes.ts'
import { type Colleagues, topic } from '../colleagues.ts'

const healthTopic = topic<undefined, HealthReport>('health')
const fromWellToIll = ['healthy', 'degraded', 'unhealthy'] as const

/** The health of the whole: as ill as the worst of its processes, with the warnings of all. */
export function sharedHealth(colleagues: Colleagues, own: HealthProvider): HealthProvider {
  colleagues.answer(healthTopic, () => own.report())
  return {
    checkReady: () => own.checkReady(),
    report: async () => {
      const reports = await colleagues.ask(healthTopic, undefined)
      const [{ hitRates }] = [await own.report()]
      return {
        status: fromWellToIll[Math.max(...reports.map(({ status }) => fromWellToIll.indexOf(status)))] ?? 'unhealthy',
        redisAvailable: reports.every(({ redisAvailable }) => redisAvailable),
        warnings: withoutDoubles(reports.flatMap(({ warnings }) => warnings)),
        // Figures are those of the whole already.
        hitRates,
      }
    },
  }
}

/** What several processes warn of, once: each tells since when it knows. */
function withoutDoubles(warnings: readonly string[]): readonly string[] {
  const earliest = new Map<string, string>()
  for (const warning of [...warnings].sort()) {
    const advice = warning.replace(/ \(since [^)]*\)$/, '')
    if (!earliest.has(advice)) earliest.set(advice, warning)
  }
  return [...earliest.values()]
}
