import type { IncomingHttpHeaders } from 'node:http'
import { compose, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** A body as the bytes that it stands for. What is kept is asked for plainly; some upstreams encode it all the same. */
export function decodedBody(headers: IncomingHttpHeaders, body: Readable): AsyncIterable<Uint8Array> {
  const encoding = headers['content-encoding']?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body
  const decoder = decoders[encoding]
  if (decoder !== undefined) return compose(body, decoder())
  body.destroy()
  throw new Error(`the upstream encoded its answer as ${encoding}, which was not asked for`)
}
