import type { IncomingHttpHeaders } from 'node:http'
import type { Forward } from 'reprise/llm'
import type { Caller } from '../callers/callers.ts'
import { decodedBody } from '../upstream/decoded-body.ts'
import { outgoingHeaders } from '../upstream/outgoing-request.ts'
import type { UpstreamClient } from '../upstream/upstream-client.ts'
import { type Upstream, upstreamMissing } from '../upstream/upstreams.ts'

export interface Forwarded {
  readonly client: UpstreamClient
  readonly caller: Caller
  readonly upstream: Upstream | undefined
  readonly model: string | undefined
  /** As the gateway was asked, with the query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** How the upstream is asked for one caller, in case its answer is not known. */
export function forwarding({ client, caller, upstream, model, url, headers }: Forwarded): Forward {
  return async (signal, body) => {
    if (upstream === undefined) throw upstreamMissing(model)
    const outgoing = outgoingHeaders(url, headers, caller, upstream)
    // What is kept is kept plain.
    outgoing['accept-encoding'] = 'identity'
    const answer = await client.call(upstream, { method: 'POST', path: url, headers: outgoing, body, signal })
    return {
      status: answer.status,
      headers: joined(answer.headers),
      body: decodedBody(answer, upstream, signal),
    }
  }
}

function joined(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const one: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) one[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return one
}
