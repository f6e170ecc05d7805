import { HttpCache } from 'reprise/http'
import { describe, expect, it } from 'vitest'
import { manualClock } from '../embedded/manual-clock.ts'
import { control, PlayedOrigin } from './played-origin.ts'

/** Whether a response with these headers is served again after a while. */
async function isReused(headers: readonly (readonly [string, string])[], afterMs = 3_000): Promise<boolean> {
  const clock = manualClock()
  const origin = new PlayedOrigin(new HttpCache({ clock }), { headers })
  await origin.ask()
  clock.advance(afterMs)
  return (await origin.ask()).isHit
}

const targeted = (value: string): readonly [string, string] => ['CDN-Cache-Control', value]
const past: readonly [string, string] = ['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT']
const future: readonly [string, string] = ['Expires', 'Thu, 18 Aug 2050 02:01:18 GMT']

describe('D5 CDN-Cache-Control (RFC 9213)', () => {
  it.each([
    ['a lifetime of its own', [targeted('max-age=3600')]],
    ['the longest lifetime that 32 bits hold', [targeted('max-age=2147483648')]],
    ['a lifetime beyond 32 bits', [targeted('max-age=99999999999')]],
    ['a directive that nobody knows', [targeted('foobar, max-age=3600')]],
    ['an Expires that has passed', [targeted('max-age=3600'), past]],
    ['an Expires that cannot be read', [targeted('max-age=3600'), ['Expires', '0']]],
    ['a shorter Cache-Control', [targeted('max-age=3600'), control('max-age=1')]],
    ['no-store for others', [targeted('max-age=10000'), control('no-store')]],
    ['a value that says no', [targeted('max-age=60, no-store=?0')]],
  ] as const)('lets a response be reused: %s', async (_, headers) => {
    expect(await isReused(headers)).toBe(true)
  })

  it.each([
    ['older than its lifetime', [targeted('max-age=3600'), ['Age', '7200']]],
    ['no lifetime', [targeted('max-age=0')]],
    ['no lifetime, in spite of Expires', [targeted('max-age=0'), future]],
    ['a shorter lifetime than Cache-Control', [targeted('max-age=1'), control('max-age=3600')]],
    ['private', [targeted('private'), control('max-age=10000'), future]],
    ['no-cache', [targeted('no-cache'), control('max-age=10000'), future]],
    ['no-store', [targeted('no-store'), control('max-age=10000'), future]],
    ['an unknown type, so that Cache-Control counts', [targeted('max-age=10000, &&&&&'), control('no-store')]],
    ['a wrong type, so that Cache-Control counts', [targeted('max-age="10000"'), control('no-store')]],
    ['a blank before the equals sign', [targeted('max-age =100'), control('max-age=1')]],
    ['a blank after the equals sign', [targeted('max-age= 100'), control('max-age=1')]],
    ['a comma at the end', [targeted('max-age=100,'), control('max-age=1')]],
    ['letters of the wrong case', [targeted('MaX-aGe=3600'), control('max-age=1')]],
    ['a number with a fraction', [targeted('max-age=100.5'), control('max-age=1')]],
  ] as const)('keeps a response from being reused: %s', async (_, headers) => {
    expect(await isReused(headers)).toBe(false)
  })

  it('goes on to the client, with Date, Expires and Age as they are', async () => {
    const clock = manualClock()
    const expires = 'Thu, 01 Jan 2026 00:00:01 GMT'
    const headers = [control('max-age=1'), targeted('max-age=10000'), ['Expires', expires]] as const
    const origin = new PlayedOrigin(new HttpCache({ clock }), { headers })
    const first = await origin.ask()
    clock.advance(5_000)
    const second = await origin.ask()
    expect(second.isHit).toBe(true)
    expect(second.headers.get('cdn-cache-control')).toBe('max-age=10000')
    expect(second.headers.get('expires')).toBe(expires)
    expect(second.headers.get('date')).toBe(first.headers.get('date'))
    expect(second.headers.get('age')).toBe('5')
  })

  it('obeys the fields that are named, the first one that can be read', async () => {
    const clock = manualClock()
    const headers = [['Edge-Control', 'max-age=;'], targeted('max-age=3600'), control('no-store')] as const
    const origin = new PlayedOrigin(new HttpCache({ clock, targets: ['Edge-Control', 'CDN-Cache-Control'] }), {
      headers,
    })
    await origin.ask()
    expect((await origin.ask()).isHit).toBe(true)
  })
})
