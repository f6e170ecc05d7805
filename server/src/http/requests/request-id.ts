import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Makes ids that no other request of this or another process bears. */
export function createRequestIds(): () => string {
  const prefix = `${randomBytes(6).toString('base64url')}-`
  let count = 0
  return () => {
    count += 1
    return prefix + count.toString(36)
  }
}

/** The caller's own id when it is a plain one. */
export function givenRequestId(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const own = request.headers['x-request-id']
  return typeof own === 'string' && /^[A-Za-z0-9_.:-]{1,128}$/.test(own) ? own : undefined
}
