import { HttpCache } from 'reprise/http'
import { describe, expect, it } from 'vitest'
import { manualClock } from '../embedded/manual-clock.ts'
import { control, type Part, PlayedOrigin } from './played-origin.ts'

function play(...parts: readonly Part[]) {
  return new PlayedOrigin(new HttpCache({ clock: manualClock() }), ...parts)
}

const whole: Part = { headers: [control('max-age=60'), ['ETag', '"a"']], body: '0123456789' }

function piece(first: number, last: number, etag = '"a"'): Part {
  return {
    status: 206,
    headers: [control('max-age=60'), ['ETag', etag], ['Content-Range', `bytes ${first}-${last}/10`]],
    body: '0123456789'.slice(first, last + 1),
  }
}

describe('D5 partial content (RFC 9110 14, RFC 9111 3.3 and 3.4)', () => {
  it.each([
    ['bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=0-1, 2-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-,0-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=12-,14-15', 416, '', 'bytes */10'],
    ['bytes=0-1,nonsense', 200, '0123456789', null],
    [`bytes=${Array.from({ length: 11 }, () => '0-0').join()}`, 200, '0123456789', null],
    ['bytes=5-2', 200, '0123456789', null],
    ['items=0-1', 200, '0123456789', null],
  ])('serves %s from a whole response: %i', async (range, status, text, contentRange) => {
    const origin = play(whole)
    await origin.ask()
    const said = await origin.ask({ range })
    expect(said).toMatchObject({ status, text, isHit: true })
    expect(said.headers.get('content-range')).toBe(contentRange)
  })

  it('serves several ranges as parts, the unsatisfiable left out', async () => {
    const origin = play({ ...whole, headers: [...(whole.headers ?? []), ['Content-Type', 'text/plain']] })
    await origin.ask()
    const { status, text, headers, isHit } = await origin.ask({ range: 'bytes=6-7, 0-1, 20-30, -1' })
    expect({ status, isHit }).toEqual({ status: 206, isHit: true })
    const [, boundary = ''] = /^multipart\/byteranges; boundary=(.+)$/.exec(headers.get('content-type') ?? '') ?? []
    const part = (range: string, bytes: string) =>
      `\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/10\r\n\r\n${bytes}`
    expect(text).toBe(`${part('0-1', '01')}${part('6-7', '67')}${part('9-9', '9')}\r\n--${boundary}--\r\n`)
    expect(headers.get('content-length')).toBe(String(text.length))
    expect(headers.get('content-range')).toBeNull()
  })

  it('asks the origin for several ranges of which it has but a part', async () => {
    const origin = play(piece(0, 4), whole)
    await origin.ask({ range: 'bytes=0-4' })
    expect(await origin.ask({ range: 'bytes=0-1,3-3' })).toMatchObject({ status: 200, isHit: false })
  })

  it('completes a part whose time is over, which its strong entity tag proves to be the beginning', async () => {
    const clock = manualClock()
    const origin = new PlayedOrigin(new HttpCache({ clock }), piece(0, 4), piece(5, 9))
    await origin.ask({ range: 'bytes=0-4' })
    clock.advance(100_000)
    expect(await origin.ask()).toMatchObject({ status: 200, text: '0123456789' })
    expect(origin.heard[1]?.fields).toMatchObject({ range: 'bytes=5-', 'if-range': '"a"' })
    expect(await origin.ask()).toMatchObject({ status: 200, text: '0123456789', isHit: true })
  })

  it.each([
    ['"a"', 206],
    ['"b"', 200],
    ['W/"a"', 200],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 200],
  ])('heeds If-Range: %s', async (ifRange, status) => {
    const origin = play(whole)
    await origin.ask()
    expect((await origin.ask({ range: 'bytes=0-1', 'if-range': ifRange })).status).toBe(status)
  })

  it('keeps a part, serves what lies within it, and asks for what does not', async () => {
    const origin = play(piece(4, 9), piece(0, 1))
    await origin.ask({ range: 'bytes=4-9' })
    expect(await origin.ask({ range: 'bytes=6-8' })).toMatchObject({ status: 206, text: '678', isHit: true })
    expect(await origin.ask({ range: 'bytes=-2' })).toMatchObject({ status: 206, text: '89', isHit: true })
    expect(await origin.ask({ range: 'bytes=0-1' })).toMatchObject({ status: 206, text: '01', isHit: false })
    expect(await origin.ask({ range: 'bytes=6-8' })).toMatchObject({ text: '678', isHit: true })
  })

  it('joins parts of one strong entity tag into the whole', async () => {
    const origin = play(piece(0, 4), piece(5, 9))
    await origin.ask({ range: 'bytes=0-4' })
    await origin.ask({ range: 'bytes=5-9' })
    expect(await origin.ask()).toMatchObject({ status: 200, text: '0123456789', isHit: true })
  })

  it('joins nothing of another state', async () => {
    const origin = play(piece(0, 4), piece(5, 9, '"b"'), whole)
    await origin.ask({ range: 'bytes=0-4' })
    await origin.ask({ range: 'bytes=5-9' })
    expect(await origin.ask({ range: 'bytes=0-4' })).toMatchObject({ isHit: false })
  })

  it('asks for the end alone when the beginning is kept', async () => {
    const origin = play(piece(0, 4), piece(5, 9))
    await origin.ask({ range: 'bytes=0-4' })
    expect(await origin.ask()).toMatchObject({ status: 200, text: '0123456789', isHit: false })
    expect(origin.heard[1]?.fields).toMatchObject({ range: 'bytes=5-', 'if-range': '"a"' })
    expect(await origin.ask()).toMatchObject({ status: 200, text: '0123456789', isHit: true })
  })

  it('asks for all again when the end is of another state', async () => {
    const changed: Part = { headers: [control('max-age=60'), ['ETag', '"b"']], body: 'changed' }
    const origin = play(piece(0, 4), piece(5, 9, '"b"'), changed)
    await origin.ask({ range: 'bytes=0-4' })
    expect(await origin.ask()).toMatchObject({ status: 200, text: 'changed' })
  })

  it('keeps no part that is not as long as it says', async () => {
    const origin = play({ ...piece(4, 9), body: '45' })
    await origin.ask({ range: 'bytes=4-9' })
    expect((await origin.ask({ range: 'bytes=4-5' })).isHit).toBe(false)
  })
})

describe('D5 conditional requests', () => {
  it('answers 304 from what is kept, with what a client needs to renew its own', async () => {
    const origin = play(whole)
    await origin.ask()
    const said = await origin.ask({ 'if-none-match': '"x", W/"a"' })
    expect(said).toMatchObject({ status: 304, text: '', isHit: true })
    expect(said.headers.get('etag')).toBe('"a"')
    expect(said.headers.get('content-length')).toBeNull()
  })

  it('judges the client’s conditions itself where it validated for it', async () => {
    const clock = manualClock()
    const changed: Part = { headers: [control('max-age=60'), ['ETag', '"b"']], body: 'new' }
    const origin = new PlayedOrigin(
      new HttpCache({ clock }),
      { ...whole, headers: [control('max-age=1'), ['ETag', '"a"']] },
      changed,
    )
    await origin.ask()
    clock.advance(2_000)
    expect(await origin.ask({ 'if-none-match': '"b"' })).toMatchObject({ status: 304 })
    expect(origin.heard[1]?.fields['if-none-match']).toBe('"a"')
    await new Promise(resolve => setImmediate(resolve))
    expect(await origin.ask()).toMatchObject({ text: 'new', isHit: true })
  })

  it('leaves If-Match to the origin', async () => {
    const origin = play(whole)
    await origin.ask()
    expect((await origin.ask({ 'if-match': '"a"' })).isHit).toBe(false)
  })
})
