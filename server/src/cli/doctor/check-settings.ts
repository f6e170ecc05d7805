import { createServer } from 'node:net'
import { isLoopback } from '../../config/loopback.ts'
import type { Settings } from '../../config/settings-table.ts'
import { type Finding, failed, ok, patienceMs, warning } from './finding.ts'

/** Who can reach the server, and who may then do what. */
export function checkAccess({ host, adminApiKey, guestAuth, corsOrigins, jwtSecret, jwksUrl }: Settings): Finding[] {
  const users =
    jwtSecret !== undefined ? 'tokens by JWT_SECRET' : jwksUrl !== undefined ? 'tokens by JWKS_URL' : 'named'
  const reached = isLoopback(host) ? 'from this machine alone' : 'from elsewhere'
  const findings = [
    ok(
      'Access',
      `${host} can be reached ${reached}; guests: ${guestAuth}; users: ${users}; web pages: ${corsOrigins.join(', ') || 'none'}`,
    ),
  ]
  if (adminApiKey === undefined) {
    findings.push(
      warning(
        'Admin API',
        'open to everybody on this machine, /metrics and the dashboard too',
        'Set a key: export ADMIN_API_KEY=$(openssl rand -hex 32)',
      ),
    )
  } else if (adminApiKey.length < 16) {
    findings.push(
      warning(
        'Admin API',
        `its key has ${adminApiKey.length} characters only`,
        'Take a longer one: openssl rand -hex 32',
      ),
    )
  } else {
    findings.push(ok('Admin API', 'asks for a key'))
  }
  return findings
}

/** Whether the server could listen, or does so already. */
export async function checkPort({ host, port }: Settings): Promise<Finding> {
  const check = 'Port'
  const fault = await listenOnce(host, port)
  if (fault === undefined) return ok(check, port === 0 ? 'any free one' : `${port} on ${host} is free`)
  if (fault === 'EADDRINUSE') {
    if (await answersAsReprise(host, port)) return ok(check, `a Reprise listens on ${host}, port ${port} already`)
    return failed(
      check,
      `another program listens on ${host}, port ${port}`,
      `End it (ss -ltnp 'sport = :${port}' names it), or choose another: export PORT=${port + 1}`,
    )
  }
  if (fault === 'EACCES') {
    return failed(check, `this user may not listen on port ${port}`, 'Choose one from 1024 on: export PORT=8000')
  }
  return failed(
    check,
    `cannot listen on ${host}, port ${port}: ${fault}`,
    'Choose an address of this machine: export HOST=127.0.0.1',
  )
}

function listenOnce(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

async function answersAsReprise(host: string, port: number): Promise<boolean> {
  const place = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
  const url = `http://${place.includes(':') ? `[${place}]` : place}:${port}/openapi.json`
  const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined)
  const text = answer?.ok ? await answer.text().catch(() => '') : ''
  return text.includes('/v1/guest/chat/')
}
