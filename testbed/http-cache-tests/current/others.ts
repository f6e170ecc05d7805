import type { TestSuite } from '../suite.ts'
import { type Field, fresh, kept, type PlayedTest, type Step, test } from './steps.ts'

const month = 30 * 24 * 60 * 60
const byExpires: readonly Field[] = [
  ['Expires', month],
  ['Date', 0],
]

export const others: TestSuite = {
  id: 'other',
  tests: [
    test('required', 'other-age-gen', fresh(), {
      expected_type: 'cached',
      expected_response_headers: [['Age', '>', 2]],
    }),
    test('check', 'other-age-delay', {
      response_headers: [
        ['Cache-Control', 'max-age=3600'],
        ['Date', 0],
      ],
      response_pause: 5,
      expected_response_headers: [['age', '>', 0]],
    }),
    test('required', 'other-age-update-expires', kept(...byExpires, ['Age', '30']), {
      expected_type: 'cached',
      expected_response_headers: [['Age', '>', 32]],
    }),
    test('required', 'other-age-update-max-age', fresh(['Age', '30']), {
      expected_type: 'cached',
      expected_response_headers: [['Age', '>', 32]],
    }),
    test('required', 'other-date-update', fresh(), {
      expected_type: 'cached',
      expected_response_headers: [['Date', 0]],
    }),
    test('required', 'other-date-update-expires', kept(...byExpires), {
      expected_type: 'cached',
      expected_response_headers: [['Date', 0]],
    }),
    test('check', 'other-date-update-expires-update', kept(...byExpires), {
      expected_type: 'cached',
      expected_response_headers: [['Expires', month]],
    }),
    test(
      'required',
      'query-args-different',
      { ...fresh(), query_arg: 'test=ONE' },
      { query_arg: 'test=TWO', expected_type: 'not_cached' },
    ),
    test(
      'optimal',
      'query-args-same',
      { ...fresh(), query_arg: 'test=SAME' },
      { query_arg: 'test=SAME', expected_type: 'cached' },
    ),
    test(
      'check',
      'other-heuristic-content-disposition-attachment',
      {
        response_headers: [
          ['Last-Modified', -100_000],
          ['Date', 0],
          ['Content-Disposition', 'attachment; filename=example.txt'],
        ],
        setup: true,
      },
      { expected_type: 'cached' },
    ),
    test(
      'check',
      'other-fresh-content-disposition-attachment',
      fresh(['Content-Disposition', 'attachment; filename=example.txt']),
      { expected_type: 'cached' },
    ),
    test('optimal', 'other-set-cookie', fresh(['Set-Cookie', 'a=b']), { expected_type: 'cached' }),
    test('optimal', 'other-cookie', fresh(), { request_headers: [['Cookie', 'a=b']], expected_type: 'cached' }),
  ],
}

const unsafe = ['POST', 'PUT', 'DELETE', 'M-SEARCH']

function ofTheSameUrl(method: string): PlayedTest[] {
  const sent: Step = { request_method: method, request_body: 'abc', setup: true }
  return [
    test('required', `invalidate-${method}`, fresh(), sent, { expected_type: 'not_cached' }),
    test(
      'optimal',
      `invalidate-${method}-failed`,
      fresh(),
      { ...sent, response_status: [500, 'Internal Server Error'] },
      { expected_type: 'cached' },
    ),
  ]
}

/** The URL that a response to an unsafe request names. */
function ofANamedUrl(method: string, suffix: string, filename: string): PlayedTest {
  const target: Step = {
    filename,
    response_headers: [
      ['Cache-Control', 'max-age=100000'],
      ['Last-Modified', 0],
      ['Date', 0],
    ],
  }
  const naming: Step = {
    request_method: method,
    request_body: 'abc',
    response_headers: [
      ['Location', 'location_target'],
      ['Content-Location', 'content_location_target'],
    ],
    magic_locations: true,
    setup: true,
  }
  return test('check', `invalidate-${method}-${suffix}`, { ...target, setup: true }, naming, {
    ...target,
    expected_type: 'not_cached',
  })
}

export const invalidation: TestSuite = {
  id: 'invalidation',
  tests: [
    ...unsafe.flatMap(ofTheSameUrl),
    ...unsafe.map(method => ofANamedUrl(method, 'location', 'location_target')),
    ...unsafe.map(method => ofANamedUrl(method, 'cl', 'content_location_target')),
  ],
}

const text = '01234567890'

/** A whole response, then a range of it. */
function rangeOfWhole(
  id: string,
  range: string,
  expected: string,
  more: Partial<Step> = {},
  field?: Field,
): PlayedTest {
  return test(
    id.startsWith('partial-use') ? 'required' : 'optimal',
    id,
    {
      response_headers: [['Cache-Control', 'max-age=3600'], ...(field === undefined ? [] : [field])],
      response_body: text,
      setup: true,
    },
    {
      request_headers: [['Range', range]],
      expected_type: 'cached',
      expected_status: 206,
      expected_response_text: expected,
      ...more,
    },
  )
}

/** The end of a body, as an origin sends it that counts wrongly: six bytes announced, five sent. */
function part(contentRange: string): Step {
  return {
    request_headers: [['Range', 'bytes=-5']],
    response_status: [206, 'Partial Content'],
    response_headers: [
      ['Cache-Control', 'max-age=3600'],
      ['Content-Range', contentRange],
    ],
    response_body: '01234',
    setup: true,
  }
}

function rangeOfPart(id: string, range: string, expected: string): PlayedTest {
  return test('optimal', `partial-store-partial-reuse-partial${id}`, part('bytes 4-9/10'), {
    request_headers: [['Range', range]],
    expected_type: 'cached',
    expected_status: 206,
    expected_response_text: expected,
  })
}

const already = { setup_tests: ['expected_type', 'expected_status', 'expected_response_text'] }

export const partialContent: TestSuite = {
  id: 'partial',
  tests: [
    rangeOfPart('', 'bytes=-5', '01234'),
    rangeOfWhole('partial-store-complete-reuse-partial', 'bytes=0-1', '01'),
    rangeOfWhole('partial-store-complete-reuse-partial-no-last', 'bytes=1-', '1234567890'),
    rangeOfWhole('partial-store-complete-reuse-partial-suffix', 'bytes=-1', '0'),
    rangeOfPart('-byterange', 'bytes=6-8', '234'),
    rangeOfPart('-absent', 'bytes=6-', '234'),
    rangeOfPart('-suffix', 'bytes=-1', '4'),
    test('optimal', 'partial-store-partial-complete', part('bytes 0-4/10'), {
      expected_request_headers: [['range', 'bytes=5-']],
    }),
    rangeOfWhole('partial-use-headers', 'bytes=0-1', '01', { ...already, response_headers: [['A', '2']] }, ['A', '1']),
    rangeOfWhole(
      'partial-use-stored-headers',
      'bytes=0-1',
      '01',
      { ...already, expected_response_headers: [['A', '1']] },
      ['A', '1'],
    ),
  ],
}
