import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectPostgres } from 'reprise/postgres'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { privateDirectory, unprivilegedUser } from '../../../testbed/private-directory.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { rowsOf } from './databases.ts'

const run = promisify(execFile)

describeWith(['postgres', 'openssl'], 'PostgreSQL over TLS', () => {
  it('encrypts as sslmode says, and believes a certificate only from whom it was told to', async () => {
    const user = unprivilegedUser()
    await using home = await privateDirectory('postgres-tls', user)
    const [key, certificate] = [join(home.path, 'key.pem'), join(home.path, 'certificate.pem')]
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...subject]
    await run('openssl', made, { cwd: home.path, ...user })
    await using server = await startPostgres({ settings: { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key } })

    async function isEncrypted(parameters: string): Promise<boolean | string> {
      const database = connectPostgres({ url: `${server.url}${parameters}` })
      try {
        const asked = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
        return (await rowsOf<{ ssl: boolean }>(database, asked))[0]?.ssl ?? 'no answer'
      } catch (error) {
        return String(error)
      } finally {
        await database.close()
      }
    }
    expect(await isEncrypted('')).toBe(false)
    expect(await isEncrypted('?sslmode=disable')).toBe(false)
    expect(await isEncrypted('?sslmode=require')).toBe(true)
    expect(await isEncrypted('?sslmode=no-verify')).toBe(true)
    expect(await isEncrypted('?sslmode=verify-full')).toMatch(/is not available.*self-signed certificate/)
    expect(await isEncrypted(`?sslmode=verify-full&sslrootcert=${certificate}`)).toBe(true)
    expect(await isEncrypted(`?sslmode=verify-ca&sslrootcert=${certificate}`)).toBe(true)
  })

  it('is refused by a server without TLS where TLS was asked for', async () => {
    await using server = await startPostgres()
    const database = connectPostgres({ url: `${server.url}?sslmode=require` })
    await expect(rowsOf(database, 'SELECT 1')).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('does not support SSL'),
    })
    await database.close()
  })
})
