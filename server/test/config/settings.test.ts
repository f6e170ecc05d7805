import { readFile } from 'node:fs/promises'
import { RepriseError } from 'reprise'
import { describe, expect, it } from 'vitest'
import type { Environment } from '../../src/config/config-file.ts'
import { readSettings } from '../../src/config/settings.ts'
import { settingsDocument } from '../../src/config/settings-document.ts'

function refusal(environment: Environment): string {
  try {
    readSettings(environment)
  } catch (error) {
    if (error instanceof RepriseError && error.code === 'invalid_setting') return error.message
    throw error
  }
  throw new Error('the settings were taken')
}

describe('settings', () => {
  it('G an empty environment gives the defaults of a first start on loopback', () => {
    const settings = readSettings({})
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      dataDirectory: './data',
      databaseUrl: undefined,
      redisUrl: undefined,
      enableRedisCache: true,
      enableCache: true,
      guestAuth: 'open',
      rateLimitMax: 0,
      corsOrigins: [],
      maxMessageBytes: 262_144,
      enforceQuota: false,
      guestMonthlyRequestLimit: 100,
      guestRetentionDays: 0,
      embedder: 'local',
      embedderCpuPercent: 10,
      logLevel: 'info',
    })
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('G what is set is read by its type; an empty text counts as not set', () => {
    const settings = readSettings({
      PORT: ' 0 ',
      ENABLE_REDIS_CACHE: 'False',
      ENFORCE_QUOTA: 'true',
      DATABASE_URL: '',
      REDIS_URL: 'rediss://u:p@redis.example.com:6380/1',
      CORS_ORIGINS: 'https://a.example, http://localhost:3000',
    })
    expect(settings).toMatchObject({ port: 0, enableRedisCache: false, enforceQuota: true, databaseUrl: undefined })
    expect(settings.redisUrl).toBe('rediss://u:p@redis.example.com:6380/1')
    expect(settings.corsOrigins).toEqual(['https://a.example', 'http://localhost:3000'])
  })

  it('G all faults are reported together, each with name, reason and example, and no secret', () => {
    const message = refusal({
      PORT: '80a0',
      DATABASE_URL: 'mysql://root:hunter2@db/app',
      REDIS_URL: 'redis hunter3',
      GUEST_AUTH: 'maybe',
      JWT_SECRET: 'hunter4',
      ENFORCE_QUOTA: 'perhaps',
      MAX_MESSAGE_BYTES: '0',
      CORS_ORIGINS: '*',
      LOG_LEVEL: 'loud',
    })
    expect(message).toMatch(/^9 settings cannot be used:/)
    for (const name of ['PORT', 'DATABASE_URL', 'REDIS_URL', 'GUEST_AUTH', 'JWT_SECRET', 'ENFORCE_QUOTA']) {
      expect(message).toMatch(new RegExp(`^ {2}${name}: .+\\. Example: ${name}=.+$`, 'm'))
    }
    expect(message).not.toMatch(/hunter/)
    expect(message).toContain('"80a0" is not a whole number from 0 to 65535')
    expect(message).toContain('its scheme is mysql, not postgres or postgresql')
  })

  it('G bound elsewhere than to loopback, the admin key and GUEST_AUTH must be set', () => {
    const message = refusal({ HOST: '0.0.0.0' })
    expect(message).toContain('ADMIN_API_KEY: HOST=0.0.0.0 can be reached from elsewhere')
    expect(message).toContain('GUEST_AUTH: HOST=0.0.0.0 can be reached from elsewhere')
    const settings = readSettings({ HOST: '0.0.0.0', ADMIN_API_KEY: 'k', GUEST_AUTH: 'open' })
    expect(settings.rateLimitMax).toBe(600)
    expect(readSettings({ HOST: '::1' }).rateLimitMax).toBe(0)
  })

  it.each([
    [{ JWT_SECRET: 'x'.repeat(32), JWKS_URL: 'https://id.example/jwks' }, 'JWKS_URL: JWT_SECRET is set too'],
    [{ EMBEDDER_CPU_PERCENT: '0' }, 'EMBEDDER_CPU_PERCENT'],
    [{ EMBEDDER: 'vertex' }, 'GOOGLE_CLOUD_PROJECT: EMBEDDER=vertex needs the project'],
    [{ EMBEDDER: 'openai' }, 'EMBEDDER_API_KEY: EMBEDDER=openai needs a key'],
  ])('G a rule across settings: %o', (environment, reason) => {
    expect(refusal(environment)).toContain(reason)
  })

  it('G docs/settings.md is what the table says; node scripts/write-settings-doc.ts writes it', async () => {
    const written = await readFile(new URL('../../../docs/settings.md', import.meta.url), 'utf8')
    expect(written).toBe(settingsDocument())
  })
})
