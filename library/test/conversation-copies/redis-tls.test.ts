import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

const run = promisify(execFile)

/** What a program of its own says that connects to the URL. */
async function connectElsewhere(url: string, environment: Record<string, string>): Promise<string> {
  const program = `
    import { connectRedis } from 'reprise/redis'
    const redis = await connectRedis({ url: ${JSON.stringify(url)} })
    console.log(await redis.run('read', ['PING']).catch(error => error.message))
    await redis.close()`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, ...environment },
    timeout: 10_000,
  })
  return stdout.trim()
}

describeWith(['redis-server', 'openssl'], 'Redis over TLS', () => {
  it('B2 is believed with a certificate that NODE_EXTRA_CA_CERTS vouches for, and not without', async () => {
    await using server = await startRedis({ tls: true })
    expect(await connectElsewhere(server.url, { NODE_EXTRA_CA_CERTS: server.caFile ?? '' })).toBe('PONG')
    expect(await connectElsewhere(server.url, { NODE_EXTRA_CA_CERTS: '' })).toMatch(/self-signed certificate/)
  })

  it('B2 is refused, not waited for, where one side speaks TLS and the other does not', async () => {
    await using withTls = await startRedis({ tls: true })
    await using without = await startRedis()
    expect(await connectElsewhere(withTls.url.replace('rediss:', 'redis:'), {})).toMatch(/cannot be used now/)
    expect(await connectElsewhere(without.url.replace('redis:', 'rediss:'), {})).toMatch(/cannot be used now/)
  })
})
