import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface TraceRequest {
  readonly key: string
  /** 1 where the file has no sizes. */
  readonly bytes: number
}

export interface Trace {
  readonly name: string
  readonly requests: readonly TraceRequest[]
  readonly keys: number
  /** Of all objects, each counted once. */
  readonly bytes: number
}

/** Reads `traces/NAME.txt.gz` below the data directory: a key a line, or `key,bytes`. */
export function readTrace(data: string | undefined, name: string): Trace {
  if (data === undefined) throw new Error('--data is missing: the directory in which traces/*.txt.gz lie')
  const text = gunzipSync(readFileSync(join(data, 'traces', `${name}.txt.gz`))).toString('latin1')
  const sizes = new Map<string, number>()
  const requests = text
    .trim()
    .split('\n')
    .map(line => {
      const [id = '', bytes = '1'] = line.split(',')
      const request = { key: `trace:${id}`, bytes: Math.max(1, Number(bytes)) }
      sizes.set(request.key, request.bytes)
      return request
    })
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  return { name, requests, keys: sizes.size, bytes }
}
