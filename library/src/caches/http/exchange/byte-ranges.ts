import { randomUUID } from 'node:crypto'
import { filterHeaders, type HeaderList, headerOf } from '../rules/header-list.ts'
import type { ByteRange } from '../rules/ranges.ts'

/** Several ranges of one body as `multipart/byteranges` (RFC 9110 14.6): the header lines and the body of the answer. */
export function inParts(
  headers: HeaderList,
  ranges: readonly ByteRange[],
  whole: Uint8Array,
): { readonly headers: HeaderList; readonly body: Uint8Array } {
  // Not to be guessed, so that no content can hold it.
  const boundary = randomUUID()
  const type = headerOf(headers, 'content-type')
  const typed = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const pieces = ranges.flatMap(({ first, last }) => [
    Buffer.from(
      `\r\n--${boundary}\r\n${typed}Content-Range: bytes ${first}-${last}/${whole.byteLength}\r\n\r\n`,
      'latin1',
    ),
    whole.subarray(first, last + 1),
  ])
  const body = Buffer.concat([...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)])
  const others = filterHeaders(headers, name => name !== 'content-type')
  const own = ['Content-Type', `multipart/byteranges; boundary=${boundary}`, 'Content-Length', String(body.byteLength)]
  return { headers: [...others, ...own], body }
}
