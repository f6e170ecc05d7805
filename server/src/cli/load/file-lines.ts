import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** A line longer than this is no conversation but a wrong file; it is not read into memory. */
const maxLineBytes = 64 * 1024 * 1024

export interface FileLine {
  /** Counted from 1, as editors do. */
  readonly number: number
  readonly bytes: Buffer
}

/** The lines of a file, gunzipped on the way when it begins as gzip does. Holds one line and one chunk at a time. */
export async function* fileLines(path: string): AsyncGenerator<FileLine> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
  const isGzip = bytesRead === 2 && buffer.readUInt16BE(0) === 0x1f8b
  const raw = file.createReadStream({ start: 0, autoClose: false })
  // A failure of either stream ends the other, and reaches the loop below.
  const chunks: Readable = isGzip ? pipeline(raw, createGunzip(), () => undefined) : raw

  let number = 0
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    let from = 0
    for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
      number += 1
      yield { number, bytes: Buffer.concat([...rest, chunk.subarray(from, to)]) }
      rest = []
      restBytes = 0
      from = to + 1
    }
    rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > maxLineBytes) throw new Error(`line ${number + 1} is longer than ${maxLineBytes} bytes`)
  }
  if (restBytes > 0) yield { number: number + 1, bytes: Buffer.concat(rest) }
}
