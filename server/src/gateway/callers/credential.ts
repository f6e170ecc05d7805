import type { IncomingHttpHeaders } from 'node:http'

/** What a caller identifies itself with. */
export interface Credential {
  /** All that it sent, which together name its partition; empty when it sent nothing. */
  readonly text: string
  /** A signed token (RFC 7519), whose form no provider's key has. */
  readonly token: string | undefined
}

/** Reads a bearer token or key, Anthropic's `x-api-key`, or both. */
export function credentialOf(headers: IncomingHttpHeaders): Credential {
  const { authorization = '' } = headers
  const bearer = /^Bearer +(\S.*)$/i.exec(authorization)?.[1] ?? authorization
  const given = headers['x-api-key']
  const key = typeof given === 'string' ? given : ''
  const text = key === '' || key === bearer ? bearer : bearer === '' ? key : `${bearer}\u0000${key}`
  return { text, token: looksLikeToken(bearer) ? bearer : looksLikeToken(key) ? key : undefined }
}

function looksLikeToken(text: string): boolean {
  return text.startsWith('eyJ') && /^eyJ[\w-]*\.eyJ[\w-]*\.[\w-]+$/.test(text)
}
