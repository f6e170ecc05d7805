import type { Stores } from './compose.ts'
import type { Settings } from './config/settings-table.ts'

export interface Greeted {
  readonly url: string
  readonly described: Stores['described']
  readonly guestAuth: Settings['guestAuth']
  /** Such as ` with 4 processes`. */
  readonly processes?: string
}

/** What a start says to people: where it listens, what it uses, and one call that works. */
export function greeting({ url, described, guestAuth, processes = '' }: Greeted): string {
  return `Reprise listens on ${url}${processes}
  conversations  ${described.database}
  fast copies    ${described.copies}
  embeddings     ${described.embedder}
  models         ${described.upstream}
  dashboard      ${fromHere(url)}/admin/cache
  documentation  ${fromHere(url)}/docs

Try it:
  ${firstCall(fromHere(url), guestAuth)}
`
}

function firstCall(url: string, guestAuth: Settings['guestAuth']): string {
  // A guest with a secret is made up by the server.
  if (guestAuth === 'secret') return `curl -X POST ${url}/v1/guest`
  return `curl -X POST ${url}/v1/guest/chat/me -H 'content-type: application/json' -d '{"role":"user","content":"Hello"}'`
}

/** Every address of the machine is listened on, and none of them can be called by that name. */
function fromHere(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
