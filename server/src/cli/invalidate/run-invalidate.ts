import { messageOf, RepriseError } from 'reprise'

export interface InvalidateOptions {
  readonly url: string
  readonly key?: string
  readonly tag?: string
  readonly document?: string
  readonly model?: string
  readonly namespace?: string
  readonly promptHash?: string
  readonly olderThan?: string
  readonly tenant: string
  readonly json?: true
}

/**
 * Asks a running server to forget answers. Caches lie in its memory too, so that the database alone would not do.
 * @throws RepriseError `invalid_setting` where the server refuses or cannot be reached
 */
export async function runInvalidate(options: InvalidateOptions, adminKey: string | undefined): Promise<void> {
  const { url, json, promptHash, olderThan, ...fields } = options
  const body = { ...fields, prompt_hash: promptHash, older_than: olderThan }
  const headers = {
    'content-type': 'application/json',
    ...(adminKey === undefined ? {} : { authorization: `Bearer ${adminKey}` }),
  }
  const at = `${url.replace(/\/+$/, '')}/v1/cache/invalidate`
  const answer = await fetch(at, { method: 'POST', headers, body: JSON.stringify(body) }).catch((cause: unknown) => {
    throw new RepriseError('invalid_setting', `No server answers at ${url} (${messageOf(cause)}). Name it by --url.`, {
      cause,
    })
  })
  const result: unknown = await answer.json()
  if (!answer.ok) throw refused(answer.status, result)
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${removedOf(result)} answers were forgotten.\n`)
}

function refused(status: number, problem: unknown): RepriseError {
  const detail = fieldOf(problem, 'detail') ?? `It answered ${status}.`
  const advice = status === 401 ? ' Set ADMIN_API_KEY to the server’s.' : ''
  return new RepriseError('invalid_setting', `The server refused: ${detail}${advice}`)
}

function removedOf(result: unknown): number {
  return Number(fieldOf(result, 'removed') ?? 0)
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined
}
