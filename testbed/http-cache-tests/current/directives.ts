import type { TestSuite } from '../suite.ts'
import { atOnce, type Field, type PlayedTest, test } from './steps.ts'

const lasting: readonly Field[] = [
  ['Expires', 10_000],
  ['Date', 0],
]
const tag: Field = ['ETag', '"abcd"']

/** A later response that may not be kept: is the earlier one still served? */
function outlived(id: string, later: string): PlayedTest {
  return test(
    'check',
    id,
    {
      response_headers: [['Cache-Control', 'max-age=10000'], ...lasting, ['A', '1']],
      setup: true,
      pause_after: true,
    },
    {
      response_headers: [
        ['Cache-Control', later],
        ['Date', 0],
        ['A', '2'],
      ],
      setup: true,
      pause_after: true,
    },
    { expected_type: 'cached', expected_response_headers: [['a', '1']] },
  )
}

/** `no-cache="a, b"`: these fields are not reused without validation. */
function withheld(id: string, names: readonly string[]): PlayedTest {
  const others = ['a', 'b', 'c'].slice(0, names.length + 1)
  const [free = ''] = others.slice(-1)
  const value = String(others.length)
  return test(
    'check',
    id,
    {
      response_headers: [
        ['Cache-Control', `no-cache="${names.join(', ')}"`],
        ...others.map((name, at): Field => [name, String(at + 1)]),
        ['Cache-Control', 'max-age=3600'],
        ['Date', 0],
      ],
      setup: true,
      pause_after: true,
    },
    {
      expected_type: 'cached',
      expected_response_headers: [[free, value]],
      expected_response_headers_missing: names,
      setup_tests: ['expected_type'],
    },
  )
}

/** What `Cache-Control` in responses forbids and permits, freshness apart. */
export const responseDirectives: TestSuite = {
  id: 'cc-response',
  tests: [
    atOnce('required', 'cc-resp-private-shared', 'not_cached', ['Cache-Control', 'private, max-age=3600']),
    atOnce('required', 'cc-resp-no-store', 'not_cached', ['Cache-Control', 'no-store']),
    atOnce('required', 'cc-resp-no-store-case-insensitive', 'not_cached', ['Cache-Control', 'No-StOrE']),
    atOnce(
      'required',
      'cc-resp-no-store-fresh',
      'not_cached',
      ['Cache-Control', 'max-age=10000, no-store'],
      ...lasting,
    ),
    outlived('cc-resp-no-store-old-new', 'no-store'),
    outlived('cc-resp-no-store-old-max-age', 'no-store, max-age=0'),
    atOnce('required', 'cc-resp-no-cache', 'not_cached', ['Cache-Control', 'max-age=10000, no-cache'], ...lasting),
    atOnce(
      'required',
      'cc-resp-no-cache-case-insensitive',
      'not_cached',
      ['Cache-Control', 'max-age=10000, No-CaChE'],
      ...lasting,
    ),
    test(
      'optimal',
      'cc-resp-no-cache-revalidate',
      { response_headers: [['Cache-Control', 'no-cache'], tag], setup: true },
      { expected_type: 'etag_validated' },
    ),
    test(
      'optimal',
      'cc-resp-no-cache-revalidate-fresh',
      { response_headers: [['Cache-Control', 'max-age=10000, no-cache'], ...lasting, tag], setup: true },
      { expected_type: 'etag_validated' },
    ),
    withheld('headers-omit-headers-listed-in-Cache-Control-no-cache-single', ['a']),
    withheld('headers-omit-headers-listed-in-Cache-Control-no-cache', ['a', 'b']),
    atOnce(
      'optimal',
      'cc-resp-must-revalidate-fresh',
      'cached',
      ['Cache-Control', 'max-age=10000, must-revalidate'],
      tag,
    ),
    test(
      'required',
      'cc-resp-must-revalidate-stale',
      { response_headers: [['Cache-Control', 'max-age=2, must-revalidate'], tag], setup: true },
      {
        response_headers: [['Cache-Control', 'max-age=2, must-revalidate'], tag],
        expected_type: 'cached',
        setup: true,
        pause_after: true,
      },
      { expected_type: 'etag_validated' },
    ),
  ],
}
