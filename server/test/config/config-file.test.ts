import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { loadSettings } from '../../src/config/settings.ts'

describe('the configuration file', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reprise-config-'))
  })
  afterEach(() => rm(directory, { recursive: true }))
  const write = (name: string, text: string) => writeFile(join(directory, name), text)

  it('G sets every setting, as TypeScript, JavaScript or JSON; the environment goes before it', async () => {
    await write('reprise.config.json', '{"port":1}')
    expect(await loadSettings({}, directory)).toMatchObject({ port: 1 })
    await write(
      'reprise.config.ts',
      `const port: number = 8123
      export default { port, corsOrigins: ['https://a.example', 'https://b.example'], enforceQuota: true, guestAuth: 'secret' }`,
    )
    expect(await loadSettings({ PORT: '', GUEST_AUTH: 'open' }, directory)).toMatchObject({
      port: 8123,
      corsOrigins: ['https://a.example', 'https://b.example'],
      enforceQuota: true,
      guestAuth: 'open',
    })
    await write('other.mjs', 'export default { port: 8124 }')
    expect(await loadSettings({ REPRISE_CONFIG: 'other.mjs' }, directory)).toMatchObject({ port: 8124 })
  })

  it('G a server started with one obeys it', async () => {
    await write('chosen.json', '{"maxMessageBytes":5}')
    await using server = await startReprise({ REPRISE_CONFIG: join(directory, 'chosen.json'), EMBEDDER: 'none' })
    const say = (content: string) =>
      fetch(`${server.url}/v1/guest/chat/me`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ role: 'user', content }),
      })
    expect((await say('short')).status).toBe(200)
    expect((await say('longer')).status).toBe(413)
  })

  it('names what is wrong with it', async () => {
    const faultOf = async (text: string, name = 'reprise.config.json') => {
      await write(name, text)
      return loadSettings({ REPRISE_CONFIG: name }, directory).then(String, String)
    }
    expect(await faultOf('{')).toContain('cannot be read')
    expect(await faultOf('[]')).toContain('export default { port: 8080 }')
    expect(await faultOf('{"prot":1}')).toContain('sets prot, which is none of host, port')
    expect(await faultOf('{"PORT":1}')).toContain('here it is called port')
    expect(await faultOf('{"port":null}')).toContain('sets port to a value of type null')
    expect(await faultOf('{"port":"x"}')).toContain('PORT: "x" is not a whole number')
    expect(await faultOf('export const port = 1', 'empty.mjs')).toContain('has no default export')
    expect(await loadSettings({ REPRISE_CONFIG: 'missing.json' }, directory).catch(String)).toContain('cannot be read')
  })
})
