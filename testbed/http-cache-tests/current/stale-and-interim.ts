import type { TestSuite } from '../suite.ts'
import { type Interim, kept, type PlayedTest, type Step, stale, staleSoon, test } from './steps.ts'

/** The origin closes its connection without an answer; what was kept is expected. */
const closedButKept: Step = { disconnect: true, expected_type: 'cached' }

/** What may not be served stale is not, though the origin is away: an error of the cache's own is expected. */
function neverStale(directive: string): PlayedTest {
  return test('required', `stale-close-${directive}`, kept(['Cache-Control', `max-age=2, ${directive}`]), {
    disconnect: true,
    expected_status: 504,
    check_body: false,
    expected_response_headers_missing: ['server-request-count'],
  })
}

export const servingStale: TestSuite = {
  id: 'stale',
  tests: [
    test('check', 'stale-close', staleSoon(), closedButKept),
    test('check', 'stale-503', staleSoon(), {
      response_status: [503, 'Service Unavailable'],
      expected_status: 200,
      expected_type: 'cached',
    }),
    test(
      'optimal',
      'stale-while-revalidate',
      kept(['Cache-Control', 'max-age=1, stale-while-revalidate=3600'], ['ETag', '"abc"']),
      { expected_type: 'cached' },
    ),
    test(
      'required',
      'stale-while-revalidate-window',
      kept(['Cache-Control', 'max-age=1, stale-while-revalidate=4'], ['ETag', '"abc"']),
      {
        ...kept(['Cache-Control', 'no-cache', false], ['ETag', '"def"', false]),
        expected_type: 'cached',
      },
      { expected_response_headers: [['client-request-count', '3']] },
    ),
    test('check', 'stale-sie-close', kept(['Cache-Control', 'max-age=2, stale-if-error=60']), closedButKept),
    test('check', 'stale-sie-503', kept(['Cache-Control', 'max-age=2, stale-if-error=60']), closedButKept),
    neverStale('must-revalidate'),
    neverStale('proxy-revalidate'),
    neverStale('no-cache'),
    neverStale('s-maxage=2'),
    test('check', 'stale-warning-stored', stale(), { ...closedButKept, expected_response_headers: ['warning'] }),
    test('check', 'stale-warning-become', staleSoon(), { ...closedButKept, expected_response_headers: ['warning'] }),
  ],
}

const hint: Interim = [
  103,
  [
    ['link', '</styles.css>; rel=preload; as=style'],
    ['x-my-header', 'test'],
  ],
]

/** The origin's interim responses reach the client; its final response is kept. */
function interim(sent: Interim, first: Step = {}): Step {
  return {
    interim_responses: [sent],
    expected_interim_responses: [sent],
    response_headers: [
      ['Cache-Control', 'max-age=100000'],
      ['Date', 0],
    ],
    pause_after: true,
    ...first,
  }
}

export const interimResponses: TestSuite = {
  id: 'interim',
  tests: [
    test('optimal', 'interim-102', interim([102]), { expected_type: 'cached' }),
    test('optimal', 'interim-103', interim(hint), { expected_type: 'cached' }),
    test('required', 'interim-not-cached', interim([103, [['link', '</styles.css>; rel=preload; as=style']]]), {
      expected_type: 'cached',
      expected_interim_responses: [],
    }),
    test('optimal', 'interim-no-header-reuse', interim(hint, { expected_response_headers_missing: ['x-my-header'] }), {
      expected_type: 'cached',
      expected_response_headers_missing: ['x-my-header'],
    }),
  ],
}
