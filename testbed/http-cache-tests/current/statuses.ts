import type { TestSuite } from '../suite.ts'
import { type Field, fresh, type PlayedTest, stale, test } from './steps.ts'

type Status = readonly [status: number, phrase: string]

/** What a response of this status carries. */
const bodyOf = ([status]: Status): string | null => (status === 204 ? null : `BODYOF${status}`)

const explicit: readonly Status[] = [
  [200, 'OK'],
  [203, 'Non-Authoritative Information'],
  [204, 'No Content'],
  [299, 'Whatever'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [303, 'See Other'],
  [307, 'Temporary Redirect'],
  [308, 'Permanent Redirect'],
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [410, 'Gone'],
  [499, 'Whatever'],
  [500, 'Internal Server Error'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
  [599, 'Whatever'],
]

function withLifetime(status: Status): PlayedTest[] {
  const answered = { response_status: status, response_body: bodyOf(status), redirect: 'manual' } as const
  return [
    test('optimal', `status-${status[0]}-fresh`, { ...fresh(), ...answered }, { ...answered, expected_type: 'cached' }),
    test(
      'required',
      `status-${status[0]}-stale`,
      { ...stale(), ...answered },
      { response_body: bodyOf(status), redirect: 'manual', expected_type: 'not_cached' },
    ),
  ]
}

const understood: Field = ['Cache-Control', 'max-age=3600, no-store, must-understand']

/** Every final status is kept for a lifetime of its own; `must-understand` takes `no-store` back for known ones. */
export const statuses: TestSuite = {
  id: 'status',
  tests: [
    ...explicit.flatMap(withLifetime),
    test(
      'required',
      'status-599-must-understand',
      { response_status: [599, 'Whatever'], response_headers: [understood], setup: true },
      { expected_type: 'not_cached' },
    ),
    test(
      'optimal',
      'status-200-must-understand',
      { response_status: [200, 'OK'], response_headers: [understood], setup: true },
      { expected_type: 'cached' },
    ),
  ],
}

function heuristic(isKept: boolean, status: Status, ...fields: readonly Field[]): PlayedTest {
  const reuse = isKept ? 'cached' : 'not_cached'
  const answered = { response_status: status, response_body: bodyOf(status) }
  return test(
    isKept ? 'optimal' : 'required',
    `heuristic-${status[0]}-${reuse}`,
    { ...answered, response_headers: [['Last-Modified', -86_400], ['Date', 0], ...fields], setup: true },
    { ...answered, expected_type: reuse },
  )
}

function heuristicAfter(seconds: number): PlayedTest {
  return test(
    'check',
    `heuristic-delta-${seconds}`,
    {
      response_headers: [
        ['Last-Modified', -seconds],
        ['Date', 0],
      ],
      setup: true,
      pause_after: true,
    },
    { expected_type: 'cached' },
  )
}

/** Which statuses are kept for a while without a lifetime of their own (RFC 9110 15.1), and for how long. */
export const heuristics: TestSuite = {
  id: 'heuristic',
  tests: [
    heuristic(true, [200, 'OK']),
    heuristic(false, [201, 'Created']),
    heuristic(false, [202, 'Accepted']),
    heuristic(true, [203, 'Non-Authoritative Information']),
    heuristic(true, [204, 'No Content']),
    heuristic(false, [403, 'Forbidden']),
    heuristic(true, [404, 'Not Found']),
    heuristic(true, [405, 'Method Not Allowed']),
    heuristic(true, [410, 'Gone']),
    heuristic(true, [414, 'URI Too Long']),
    heuristic(true, [501, 'Not Implemented']),
    heuristic(false, [502, 'Bad Gateway']),
    heuristic(false, [503, 'Service Unavailable']),
    heuristic(false, [504, 'Gateway Timeout']),
    heuristic(false, [599, 'Unknown']),
    heuristic(true, [599, 'Unknown'], ['Cache-Control', 'public']),
    ...[5, 10, 30, 60, 300, 600, 1200, 1800, 3600, 43_200, 86_400].map(heuristicAfter),
  ],
}
