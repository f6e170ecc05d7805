import { type MetricsSnapshot, mergedMetrics } from 'reprise/prometheus'
import { type Colleagues, topic } from '../colleagues.ts'

export const metricsTopic = topic<undefined, MetricsSnapshot>('metrics')

/** The metrics of all processes as one text, whichever of them is asked. */
export function sharedMetrics(
  colleagues: Colleagues,
  own: { snapshot(): Promise<MetricsSnapshot> },
): () => Promise<string> {
  colleagues.answer(metricsTopic, () => own.snapshot())
  return async () => mergedMetrics(await colleagues.ask(metricsTopic, undefined))
}
