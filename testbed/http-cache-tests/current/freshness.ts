import type { TestSuite } from '../suite.ts'
import { atOnce, staleSoon, test, twice } from './steps.ts'

const month = 30 * 24 * 60 * 60

/** How long a response is fresh, by `Cache-Control`. */
export const byCacheControl: TestSuite = {
  id: 'cc-freshness',
  tests: [
    twice('check', 'freshness-none', 'not_cached'),
    twice('optimal', 'freshness-max-age', 'cached', ['Cache-Control', 'max-age=3600']),
    test('required', 'freshness-max-age-stale', staleSoon(), { expected_type: 'not_cached' }),
    twice('required', 'freshness-max-age-0', 'not_cached', ['Cache-Control', 'max-age=0']),
    twice('optimal', 'freshness-max-age-max-minus-1', 'cached', ['Cache-Control', 'max-age=2147483647']),
    twice('optimal', 'freshness-max-age-max', 'cached', ['Cache-Control', 'max-age=2147483648']),
    twice('optimal', 'freshness-max-age-max-plus-1', 'cached', ['Cache-Control', 'max-age=2147483649']),
    twice('optimal', 'freshness-max-age-max-plus', 'cached', ['Cache-Control', 'max-age=99999999999']),
    twice(
      'required',
      'freshness-max-age-age',
      'not_cached',
      ['Date', 0],
      ['Cache-Control', 'max-age=3600'],
      ['Age', '7200'],
    ),
    twice('check', 'freshness-max-age-date', 'not_cached', ['Date', -7200], ['Cache-Control', 'max-age=3600']),
    twice(
      'optimal',
      'freshness-max-age-expires',
      'cached',
      ['Cache-Control', 'max-age=3600'],
      ['Expires', -7200],
      ['Date', 0],
    ),
    twice(
      'optimal',
      'freshness-max-age-expires-invalid',
      'cached',
      ['Cache-Control', 'max-age=3600'],
      ['Expires', '0', false],
      ['Date', 0],
    ),
    twice(
      'required',
      'freshness-max-age-0-expires',
      'not_cached',
      ['Expires', 3600],
      ['Cache-Control', 'max-age=0'],
      ['Date', 0],
    ),
    twice('optimal', 'freshness-max-age-extension', 'cached', ['Cache-Control', 'foobar, max-age=3600']),
    twice('optimal', 'freshness-max-age-case-insenstive', 'cached', ['Cache-Control', 'MaX-aGe=3600']),
    twice('required', 'freshness-max-age-negative', 'not_cached', ['Cache-Control', 'max-age=-3600']),
    twice('required', 'freshness-s-maxage-shared', 'cached', ['Cache-Control', 's-maxage=3600']),
    twice('required', 'freshness-max-age-s-maxage-shared-longer', 'not_cached', [
      'Cache-Control',
      'max-age=3600, s-maxage=1',
    ]),
    twice('required', 'freshness-max-age-s-maxage-shared-longer-reversed', 'not_cached', [
      'Cache-Control',
      's-maxage=1, max-age=3600',
    ]),
    twice(
      'required',
      'freshness-max-age-s-maxage-shared-longer-multiple',
      'not_cached',
      ['Cache-Control', 'max-age=3600'],
      ['Cache-Control', 's-maxage=1'],
    ),
    twice('optimal', 'freshness-max-age-s-maxage-shared-shorter', 'cached', [
      'Cache-Control',
      'max-age=1, s-maxage=3600',
    ]),
    twice(
      'optimal',
      'freshness-max-age-s-maxage-shared-shorter-expires',
      'cached',
      ['Expires', -10],
      ['Cache-Control', 'max-age=0, s-maxage=3600'],
    ),
  ],
}

/** How long a response is fresh, by `Expires`. */
export const byExpires: TestSuite = {
  id: 'expires',
  tests: [
    twice('optimal', 'freshness-expires-future', 'cached', ['Expires', month], ['Date', 0]),
    twice('required', 'freshness-expires-past', 'not_cached', ['Expires', -month], ['Date', 0]),
    atOnce('required', 'freshness-expires-present', 'not_cached', ['Expires', 0], ['Date', 0]),
    twice('required', 'freshness-expires-old-date', 'not_cached', ['Expires', 300], ['Date', 400]),
    twice('required', 'freshness-expires-invalid', 'not_cached', ['Expires', '0', false], ['Date', 0]),
    atOnce('optimal', 'freshness-expires-invalid-date', 'cached', ['Date', 'foo', false], ['Expires', 10]),
    atOnce('required', 'freshness-expires-age-slow-date', 'not_cached', ['Date', -10], ['Expires', 10], ['Age', '25']),
    atOnce('required', 'freshness-expires-age-fast-date', 'not_cached', ['Date', 10], ['Expires', 20], ['Age', '15']),
  ],
}
