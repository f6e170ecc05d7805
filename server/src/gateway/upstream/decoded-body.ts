import { compose, type Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { UpstreamAnswer } from './upstream-client.ts'
import { answerFailure } from './upstream-failure.ts'
import type { Upstream } from './upstreams.ts'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/**
 * The body of an answer as the bytes that it stands for. What is kept is asked for plainly; some upstreams encode it all
 * the same.
 * @throws RepriseError `upstream_broken`, `upstream_timeout`; the signal's reason when it was aborted
 */
export async function* decodedBody(
  { headers, body }: UpstreamAnswer,
  upstream: Upstream,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* plain(headers['content-encoding'], body)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw answerFailure(error, upstream)
  }
}

function plain(named: string | undefined, body: Readable): AsyncIterable<Uint8Array> {
  const encoding = named?.trim().toLowerCase()
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body
  const decoder = decoders[encoding]
  if (decoder !== undefined) return compose(body, decoder())
  body.destroy()
  throw new Error(`it is encoded as ${encoding}, which was not asked for`)
}
