import type { MetricFamily } from '../metric-family.ts'

/** Of calls to language models. */
export const modelFamilies = {
  modelCalls: {
    name: 'reprise_model_calls_total',
    type: 'counter',
    labels: ['route', 'state', 'reason'],
    help: 'Calls to language models by what became of them: hit, miss, coalesced or bypass, and why.',
  },
  modelAdmissions: {
    name: 'reprise_model_admissions_total',
    type: 'counter',
    labels: ['admission'],
    help: 'Answers of language models by whether they were kept, and if not, why.',
  },
  modelTokens: {
    name: 'reprise_model_tokens_total',
    type: 'counter',
    labels: ['kind', 'saved'],
    help: 'Tokens of prompts and completions: those that the upstream was asked for, and those that were saved.',
  },
  modelSeconds: {
    name: 'reprise_model_generation_duration_seconds',
    type: 'histogram',
    labels: ['route'],
    help: 'Time that upstreams took for whole answers.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  modelDurableFailures: {
    name: 'reprise_model_durable_failures_total',
    type: 'counter',
    labels: ['operation'],
    help: 'Failures of the durable tier of answers; callers were served without it.',
  },
} as const satisfies Readonly<Record<string, MetricFamily>>
