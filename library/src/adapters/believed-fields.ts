/**
 * Fields that frameworks and applications believe without a `Vary` that says so: what the client asked for, as a proxy
 * before it tells. A response is kept apart for each of their values, so that nobody can have one kept that was made for
 * another host, and none of them ever reaches somebody who did not send it. `X-Forwarded-For` is not among them: it names
 * the client, and an answer that depends on it is `private` or is none for a shared cache.
 */
export const believedFields: readonly string[] = [
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
]
