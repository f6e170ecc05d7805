export type { EmbeddingResult } from './embedding-metrics.ts'
export type { HttpRequestSeen } from './http-metrics.ts'
export { type MetricFamily, metricFamilies } from './metric-families.ts'
export { type PrometheusMetrics, type PrometheusOptions, prometheusMetrics } from './prometheus-metrics.ts'
