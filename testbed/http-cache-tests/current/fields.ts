import type { TestSuite } from '../suite.ts'
import { type Field, fresh, type PlayedTest, test } from './steps.ts'

/** One field: two values of it, and what is asked of a cache that keeps it. */
interface FieldUnderTest {
  readonly name: string
  readonly values?: readonly [first: string, second: string]
  /** It concerns one connection, and is not kept. */
  readonly isHop?: true
  /** What a 304 says of it: it must be taken over, must not be, or (unsaid) may be either. */
  readonly on304?: 'update' | 'keep'
  readonly ignoresBody?: true
}

const fields: readonly FieldUnderTest[] = [
  { name: 'Test-Header', on304: 'update' },
  { name: 'X-Test-Header', on304: 'update' },
  { name: 'Content-Foo', on304: 'update' },
  { name: 'X-Content-Foo', on304: 'update' },
  { name: 'Cache-Control', values: ['max-age=1', 'max-age=3600'], on304: 'update' },
  { name: 'Connection', isHop: true },
  { name: 'Content-Encoding' },
  { name: 'Content-Length', values: ['36', '10'], on304: 'keep', ignoresBody: true },
  { name: 'Content-Location', values: ['/foo', '/bar'] },
  { name: 'Content-MD5', values: ['rL0Y20zC+Fzt72VPzMSk2A==', 'N7UdGUp1E+RbVvZSTy1R8g=='] },
  { name: 'Content-Range' },
  { name: 'Content-Security-Policy', values: ["default-src 'self'", "default-src 'self' cdn.example.com"] },
  { name: 'Content-Type', values: ['text/plain', 'text/plain;charset=utf-8'] },
  { name: 'Clear-Site-Data', values: ['cache', 'cookies'] },
  { name: 'ETag', values: ['"abcdef"', '"ghijkl"'] },
  { name: 'Expires', values: ['Fri, 01 Jan 2038 01:01:01 GMT', 'Mon, 11 Jan 2038 11:11:11 GMT'] },
  { name: 'Keep-Alive', isHop: true },
  { name: 'Proxy-Authenticate', isHop: true },
  { name: 'Proxy-Authentication-Info', isHop: true },
  { name: 'Proxy-Authorization', isHop: true },
  { name: 'Proxy-Connection', isHop: true },
  { name: 'Public-Key-Pins' },
  { name: 'Set-Cookie', values: ['a=b', 'a=c'] },
  { name: 'Set-Cookie2', values: ['a=b', 'a=c'] },
  { name: 'TE', isHop: true },
  { name: 'Transfer-Encoding', isHop: true },
  { name: 'Upgrade', isHop: true },
  { name: 'X-Frame-Options', values: ['deny', 'sameorigin'] },
  { name: 'X-XSS-Protection', values: ['1', '1; mode=block'] },
]

function isKept(field: FieldUnderTest): PlayedTest {
  const { name, values: [, value] = ['', 'KEPTVALUE'], isHop, ignoresBody } = field
  const own: readonly Field[] = name === 'Cache-Control' ? [] : [['Cache-Control', 'max-age=3600']]
  return test(
    'required',
    `headers-store-${name}`,
    {
      response_headers: [['Date', 0], [name, value, isHop !== true], ...own],
      setup: true,
      pause_after: true,
      check_body: ignoresBody !== true,
    },
    {
      expected_type: 'cached',
      expected_response_headers: isHop === true ? [] : [[name, value]],
      expected_response_headers_missing: isHop === true ? [[name, value]] : [],
      setup_tests: ['expected_type'],
      check_body: ignoresBody !== true,
    },
  )
}

export const storedFields: TestSuite = {
  id: 'headers',
  tests: [
    test(
      'required',
      'headers-omit-headers-listed-in-Connection',
      fresh(['Connection', 'a, b', false], ['a', '1', false], ['b', '2', false], ['c', '3', false]),
      {
        expected_type: 'cached',
        expected_response_headers: [['c', '3']],
        expected_response_headers_missing: ['a', 'b'],
        setup_tests: ['expected_type', 'expected_response_headers'],
      },
    ),
    ...fields.map(isKept),
  ],
}

/** A 304 brings a field with another value: the answer and the next one carry the right of the two. */
function isUpdated(field: FieldUnderTest): PlayedTest {
  const { name, values: [first, second] = ['FIRSTVALUE', 'SECONDVALUE'], on304, ignoresBody } = field
  const right = on304 === 'keep' ? first : second
  const tag = `"tag of ${name}"`
  const sent = (value: string, isValidated: boolean): Field[] => [
    ['Date', 0],
    [name, value, on304 !== 'keep'],
    ...(name === 'Cache-Control' ? [] : [['Cache-Control', 'max-age=2'] satisfies Field]),
    ...(isValidated && name !== 'ETag' ? [['ETag', tag] satisfies Field] : []),
  ]
  const seen = { expected_response_headers: [[name, right] as const], setup_tests: ['expected_type'] }
  return test(
    on304 === undefined ? 'check' : 'required',
    `304-etag-update-response-${name}`,
    { response_headers: sent(first, true), setup: true, pause_after: true, check_body: ignoresBody !== true },
    {
      response_headers: sent(second, true),
      expected_type: 'etag_validated',
      check_body: ignoresBody !== true,
      ...seen,
    },
    { response_headers: sent(right, false), expected_type: 'cached', check_body: ignoresBody !== true, ...seen },
  )
}

const modified: Field = ['Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT']

export const updatedFields: TestSuite = {
  id: 'update304',
  tests: [
    test(
      'required',
      '304-lm-use-stored-Test-Header',
      {
        response_headers: [['Cache-Control', 'max-age=2'], modified, ['Date', 0], ['Test-Header', 'STOREDVALUE']],
        setup: true,
        pause_after: true,
      },
      {
        response_headers: [modified, ['Date', 0]],
        expected_type: 'lm_validated',
        expected_response_headers: [['Test-Header', 'STOREDVALUE']],
        setup_tests: ['expected_type'],
      },
    ),
    ...fields.filter(({ isHop }) => isHop !== true).map(isUpdated),
  ],
}
