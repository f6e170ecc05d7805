import { filterHeaders, type HeaderList, headerOf, membersOf } from './header-list.ts'

/** Of one connection alone (RFC 9110 7.6.1), or of one hop's authentication (RFC 9111 3.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
])

/** A message's fields that go on to the next hop: without those of this connection, and those that `Connection` names. */
export function endToEnd(headers: HeaderList): string[] {
  const named = new Set(membersOf(headerOf(headers, 'connection')?.toLowerCase()))
  return filterHeaders(headers, name => !hopByHop.has(name) && !named.has(name))
}

/** What a 304 does not change in a stored response: these describe the stored bytes (RFC 9111 3.2). */
const describingBytes: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-md5',
  'content-range',
  'etag',
])

/** The stored fields with those of a newer response in their place (RFC 9111 3.2). */
export function updatedHeaders(stored: HeaderList, newer: HeaderList): string[] {
  const updates = filterHeaders(endToEnd(newer), name => !describingBytes.has(name))
  const names = new Set<string>()
  for (let at = 0; at < updates.length; at += 2) names.add((updates[at] ?? '').toLowerCase())
  // The age was the older response's, whether the newer one has one or not.
  names.add('age')
  return [...filterHeaders(stored, name => !names.has(name)), ...updates]
}
