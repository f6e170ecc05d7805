import type { PoolConfig } from 'pg'
import { RepriseError } from '../../../base/reprise-error.ts'

/**
 * Reads a `postgres://` URL. `sslmode` means what it means to psql: `require` encrypts without looking at the
 * certificate, `verify-full` looks. Without it the connection is plain.
 * @throws RepriseError `invalid_setting`, without the URL, which holds a password
 */
export function connectionSettings(url: string): PoolConfig {
  // A URL with a user and no host names its socket's directory by `?host=`.
  const parsed = URL.parse(url) ?? URL.parse(url.replace('@/', '@localhost/'))
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new RepriseError(
      'invalid_setting',
      'The database URL cannot be read: a URL such as postgres://user:password@host:5432/database was expected. Characters like @ / # in the password are written as %40 %2F %23.',
      { field: 'DATABASE_URL' },
    )
  }
  const sslMode = parsed.searchParams.get('sslmode')
  if (sslMode !== null && !sslModes.has(sslMode)) {
    throw new RepriseError(
      'invalid_setting',
      `sslmode in the database URL is ${JSON.stringify(sslMode)}; one of ${[...sslModes].join(', ')} was expected.`,
      { field: 'DATABASE_URL' },
    )
  }
  if (sslMode === 'verify-ca' && !parsed.searchParams.has('sslrootcert')) {
    throw new RepriseError(
      'invalid_setting',
      'sslmode=verify-ca in the database URL needs sslrootcert=/path/to/ca.pem beside it, or use sslmode=verify-full.',
      { field: 'DATABASE_URL' },
    )
  }
  // pg takes require and verify-ca for verify-full unless it is told to read them as libpq does; the two modes that
  // would fall back to a plain connection are plain from the start, and no-verify is pg's own name for require.
  if (sslMode === 'prefer' || sslMode === 'allow') parsed.searchParams.set('sslmode', 'disable')
  else if (sslMode !== null && sslMode !== 'no-verify') parsed.searchParams.set('uselibpqcompat', 'true')
  return { connectionString: parsed.href }
}

const sslModes = new Set(['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'])
