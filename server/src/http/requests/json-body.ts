import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { RepriseError } from 'reprise'

/** Deeper than any body that a route reads. */
const maxDepth = 32

/**
 * Reads a JSON body: strict UTF-8, no deeper than 32 levels, without keys that reach for prototypes. An empty body is
 * undefined.
 * @throws RepriseError `unsupported_media_type`, `invalid_utf8`, `invalid_json`, `nesting_too_deep`, `forbidden_key`
 */
export function readJsonBody(headers: IncomingHttpHeaders, bytes: Buffer): unknown {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RepriseError('unsupported_media_type', 'Send the body as it is, without a content-encoding.', {
      field: 'content-encoding',
    })
  }
  if (bytes.length === 0) return undefined
  if (!isUtf8(bytes)) {
    throw new RepriseError('invalid_utf8', 'The body contains bytes that are not UTF-8; encode it as UTF-8.')
  }
  const value = parse(bytes)
  checkTree(value, 1)
  return value
}

function parse(bytes: Buffer): unknown {
  const hasMark = bytes.length > 2 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  try {
    // A byte order mark may be ignored (RFC 8259, section 8.1).
    return JSON.parse(hasMark ? bytes.toString('utf8', 3) : bytes.toString('utf8'))
  } catch {
    throw new RepriseError(
      'invalid_json',
      'The body is not JSON. Send an object, with the names and texts in double quotes.',
    )
  }
}

function checkTree(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > maxDepth) {
    throw new RepriseError('nesting_too_deep', `The body is nested deeper than ${maxDepth} levels; send it flatter.`)
  }
  if (Array.isArray(value)) {
    for (const element of value) checkTree(element, depth + 1)
    return
  }
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__' || (key === 'constructor' && reachesPrototype(child))) {
      throw new RepriseError('forbidden_key', `The body contains the key ${key}, which is refused; leave it out.`, {
        field: key,
      })
    }
    checkTree(child, depth + 1)
  }
}

function reachesPrototype(child: unknown): boolean {
  return typeof child === 'object' && child !== null && Object.hasOwn(child, 'prototype')
}
