-- What every script of wrk prints at its end, as one line for measure/wrk.ts.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'figures {"requests":%d,"durationMs":%f,"p50Ms":%f,"p99Ms":%f,"errors":%d}',
    summary.requests, summary.duration / 1000, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
