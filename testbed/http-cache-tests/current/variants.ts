import { test } from './steps.ts'

/**
 * The entity tag of another variant is not used to validate. Commits of the suite differ on whether that is required or
 * only asked, and which of both is hoped for: here the form that requires something.
 */
export const ofAnotherVariant = test(
  'required',
  'conditional-etag-vary-headers-mismatch',
  {
    request_headers: [['Abc', '123']],
    response_headers: [
      ['Expires', 10_000],
      ['ETag', '"abcdef"'],
      ['Date', 0],
      ['Vary', 'Abc'],
    ],
    setup: true,
    pause_after: true,
  },
  { request_headers: [['Abc', '456']], expected_request_headers_missing: [['If-None-Match', '"abcdef"']] },
)
