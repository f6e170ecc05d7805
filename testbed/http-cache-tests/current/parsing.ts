import type { TestSuite } from '../suite.ts'
import { atOnce, type Field, type Kind, type PlayedTest, type Reuse, twice } from './steps.ts'

function cacheControl(kind: Kind, id: string, reuse: Reuse, ...values: readonly string[]): PlayedTest {
  return twice(kind, id, reuse, ...values.map((value): Field => ['Cache-Control', value, false]))
}

/** What is read from `Cache-Control`. */
export const cacheControlParsing: TestSuite = {
  id: 'cc-parse',
  tests: [
    cacheControl('check', 'freshness-max-age-two-fresh-stale-sameline', 'cached', 'max-age=1800, max-age=1'),
    cacheControl('check', 'freshness-max-age-two-fresh-stale-sepline', 'cached', 'max-age=1800', 'max-age=1'),
    cacheControl('check', 'freshness-max-age-two-stale-fresh-sameline', 'cached', 'max-age=1, max-age=1800'),
    cacheControl('check', 'freshness-max-age-two-stale-fresh-sepline', 'cached', 'max-age=1', 'max-age=1800'),
    cacheControl('check', 'freshness-max-age-quoted', 'cached', 'max-age="3600"'),
    cacheControl('required', 'freshness-max-age-ignore-quoted', 'not_cached', 'extension="max-age=3600", max-age=1'),
    cacheControl(
      'required',
      'freshness-max-age-ignore-quoted-rev',
      'not_cached',
      'max-age=1, extension="max-age=3600"',
    ),
    cacheControl('check', 'freshness-max-age-space-before-equals', 'not_cached', 'max-age =3600'),
    cacheControl('check', 'freshness-max-age-space-after-equals', 'not_cached', 'max-age= 3600'),
    cacheControl('required', 'freshness-max-age-leading-zero', 'cached', 'max-age=003600'),
    cacheControl('required', 'freshness-max-age-single-quoted', 'not_cached', "max-age='3600'"),
    cacheControl('check', 'freshness-max-age-decimal-zero', 'cached', 'max-age=3600.0'),
    cacheControl('check', 'freshness-max-age-decimal-five', 'cached', 'max-age=3600.5'),
    cacheControl('check', 'freshness-max-age-a100', 'cached', 'max-age=a3600'),
    cacheControl('check', 'freshness-max-age-100a', 'cached', 'max-age=3600a'),
  ],
}

function age(kind: Kind, id: string, reuse: Reuse, ...values: readonly string[]): PlayedTest {
  const fields = values.map((value): Field => ['Age', value, false])
  return twice(kind, `age-parse-${id}`, reuse, ['Date', 0], ['Cache-Control', 'max-age=3600'], ...fields)
}

/** What is read from `Age`: of a list its first member, and nothing of what is no whole number (RFC 9111 5.1). */
export const ageParsing: TestSuite = {
  id: 'age-parse',
  tests: [
    age('required', 'nonnumeric', 'cached', 'abc'),
    age('required', 'negative', 'cached', '-7200'),
    age('required', 'float', 'cached', '7200.0'),
    age('required', 'large-minus-one', 'not_cached', '2147483647'),
    age('required', 'large', 'not_cached', '2147483648'),
    age('required', 'larger', 'not_cached', '2147483649'),
    age('required', 'suffix', 'not_cached', '7200, 0'),
    age('required', 'prefix', 'cached', '0, 7200'),
    age('required', 'suffix-twoline', 'not_cached', '7200', '0'),
    age('required', 'prefix-twoline', 'cached', '0', '7200'),
    age('required', 'dup-0', 'cached', '0, 0'),
    age('required', 'dup-0-twoline', 'cached', '0', '0'),
    twice(
      'required',
      'age-parse-dup-old',
      'cached',
      ['Date', 0],
      ['Cache-Control', 'max-age=10000'],
      ['Age', '3600', false],
      ['Age', '3600', false],
    ),
    age('check', 'parameter', 'not_cached', '7200;foo=bar'),
    age('check', 'numeric-parameter', 'not_cached', '7200;foo=111'),
  ],
}

function expires(kind: Kind, id: string, reuse: Reuse, ...values: readonly string[]): PlayedTest {
  const fields = values.map((value): Field => ['Expires', value, false])
  return twice(kind, `freshness-expires-${id}`, reuse, ...fields, ['Date', 0])
}

function expiresAtOnce(kind: Kind, id: string, reuse: Reuse, ...values: readonly string[]): PlayedTest {
  const fields = values.map((value): Field => ['Expires', value, false])
  return atOnce(kind, `freshness-expires-${id}`, reuse, ...fields, ['Date', 0])
}

/** Which dates are read from `Expires`: HTTP's three formats, and nothing that merely looks like one. */
export const expiresParsing: TestSuite = {
  id: 'expires-parse',
  tests: [
    expires('optimal', '32bit', 'cached', 'Tue, 19 Jan 2038 14:14:08 GMT'),
    expires('optimal', 'far-future', 'cached', 'Sun, 21 Nov 2286 04:46:39 GMT'),
    expires('optimal', 'rfc850', 'cached', 'Thursday, 18-Aug-50 02:01:18 GMT'),
    expires('optimal', 'ansi-c', 'cached', 'Thu Aug  8 02:01:18 2050'),
    expires('optimal', 'wrong-case-weekday', 'cached', 'THU, 18 Aug 2050 02:01:18 GMT'),
    expires('optimal', 'wrong-case-month', 'cached', 'Thu, 18 AUG 2050 02:01:18 GMT'),
    expires('optimal', 'wrong-case-tz', 'cached', 'Thu, 18 Aug 2050 02:01:18 gMT'),
    expires('required', 'invalid-utc', 'not_cached', 'Thu, 18 Aug 2050 02:01:18 UTC'),
    expires('required', 'invalid-aest', 'not_cached', 'Thu, 18 Aug 2050 02:01:18 AEST'),
    expires('required', 'invalid-2-digit-year', 'not_cached', 'Thu, 18 Aug 50 02:01:18 GMT'),
    expires('required', 'invalid-no-comma', 'not_cached', 'Thu 18 Aug 2050 02:01:18 GMT'),
    expiresAtOnce('required', 'invalid-multiple-spaces', 'not_cached', 'Thu, 18  Aug  2050 02:01:18 GMT'),
    expiresAtOnce('required', 'invalid-date-dashes', 'not_cached', 'Thu, 18-Aug-2050 02:01:18 GMT'),
    expiresAtOnce('required', 'invalid-time-periods', 'not_cached', 'Thu, 18 Aug 2050 02.01.18 GMT'),
    expiresAtOnce('required', 'invalid-1-digit-hour', 'not_cached', 'Thu, 18 Aug 2050 2:01:18 GMT'),
    expiresAtOnce(
      'required',
      'invalid-multiple-lines',
      'not_cached',
      'Thu, 18 Aug 2050 2:01:18 GMT',
      'Thu, 18 Aug 2050 2:01:19 GMT',
    ),
  ],
}
