import type { TestSuite } from '../suite.ts'
import { atOnce, type Field, type Kind, kept, type PlayedTest, type Reuse, test, twice } from './steps.ts'

const cdn = (value: string): Field => ['CDN-Cache-Control', value, false]

function targeted(kind: Kind, id: string, reuse: Reuse, value: string, ...fields: readonly Field[]): PlayedTest {
  return twice(kind, `cdn-${id}`, reuse, cdn(value), ...fields)
}

/** What a forbidding `CDN-Cache-Control` overrules. */
const permission: readonly Field[] = [
  ['Cache-Control', 'max-age=10000'],
  ['Expires', 10_000],
  ['Date', 0],
]

/** A response that shared caches may keep for longer than others, and what is asked of its second coming. */
function exceeding(id: string, expected: string | Field, ...fields: readonly Field[]): PlayedTest {
  return test(
    'check',
    `cdn-${id}`,
    kept(['Cache-Control', 'max-age=1'], ...fields, ['CDN-Cache-Control', 'max-age=10000'], ['Date', 0]),
    { expected_response_headers: [expected] },
  )
}

/** `CDN-Cache-Control` takes the place of `Cache-Control` and `Expires` where it can be read (RFC 9213). */
export const targetedFields: TestSuite = {
  id: 'cdn-cache-control',
  tests: [
    targeted('optimal', 'max-age', 'cached', 'max-age=3600'),
    targeted('optimal', 'max-age-max', 'cached', 'max-age=2147483648'),
    targeted('optimal', 'max-age-max-plus', 'cached', 'max-age=99999999999'),
    targeted('required', 'max-age-age', 'not_cached', 'max-age=3600', ['Date', 0], ['Age', '7200']),
    targeted('check', 'max-age-space-before-equals', 'not_cached', 'max-age =100', ['Cache-Control', 'max-age=1']),
    targeted('check', 'max-age-space-after-equals', 'not_cached', 'max-age= 100', ['Cache-Control', 'max-age=1']),
    targeted('required', 'max-age-0', 'not_cached', 'max-age=0'),
    targeted('optimal', 'max-age-extension', 'cached', 'foobar, max-age=3600'),
    targeted('check', 'max-age-case-insensitive', 'cached', 'MaX-aGe=3600'),
    targeted('optimal', 'max-age-expires', 'cached', 'max-age=3600', ['Expires', -10_000], ['Date', 0]),
    targeted(
      'optimal',
      'max-age-cc-max-age-invalid-expires',
      'cached',
      'max-age=3600',
      ['Expires', '0', false],
      ['Date', 0],
    ),
    targeted('required', 'max-age-0-expires', 'not_cached', 'max-age=0', ['Expires', 10_000], ['Date', 0]),
    targeted('optimal', 'max-age-short-cc-max-age', 'cached', 'max-age=3600', ['Cache-Control', 'max-age=1']),
    targeted('required', 'max-age-long-cc-max-age', 'not_cached', 'max-age=1', ['Cache-Control', 'max-age=3600']),
    atOnce('required', 'cdn-private', 'not_cached', ['CDN-Cache-Control', 'private'], ...permission),
    atOnce('required', 'cdn-no-cache', 'not_cached', ['CDN-Cache-Control', 'no-cache'], ...permission),
    targeted('required', 'no-store-cc-fresh', 'not_cached', 'no-store', ...permission),
    targeted('required', 'fresh-cc-nostore', 'cached', 'max-age=10000', ['Cache-Control', 'no-store']),
    targeted('required', 'cc-invalid-sh-type-unknown', 'not_cached', 'max-age=10000, &&&&&', [
      'Cache-Control',
      'no-store',
    ]),
    targeted('required', 'cc-invalid-sh-type-wrong', 'not_cached', 'max-age="10000"', ['Cache-Control', 'no-store']),
    test('check', 'cdn-remove-header', {
      response_headers: [cdn('foo'), ...permission],
      expected_response_headers: [['CDN-Cache-Control', 'foo']],
    }),
    exceeding('remove-age-exceed', 'Age'),
    exceeding('date-update-exceed', ['Date', 0]),
    exceeding('expires-update-exceed', ['Expires', 1], ['Expires', 1]),
  ],
}
