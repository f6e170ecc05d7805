import { messageOf } from 'reprise'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import { fileLines } from '../load/file-lines.ts'
import { guestPath } from '../people/people.ts'
import type { Question } from '../running/running-server.ts'

/** One line of a file, as a request. */
export interface WarmRequest extends Question {
  readonly line: number
}

export interface UnreadableLine {
  readonly line: number
  readonly reason: string
}

const Headers = Type.Record(Type.String(), Type.String())
const OfGuest = Type.Object({ guest_id: Type.String({ minLength: 1 }) })
const Call = Type.Object({
  url: Type.String({ pattern: '^/v1/' }),
  body: Type.Object({}),
  headers: Type.Optional(Headers),
})
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Where a bare body goes, by the field that only such a body has. */
const pathsByField = new Map([
  ['messages', '/v1/chat/completions'],
  ['prompt', '/v1/completions'],
  ['input', '/v1/embeddings'],
])

/** The requests of a file, one at a time; a line that is none comes with the reason. */
export async function* readWarmFile(path: string): AsyncGenerator<WarmRequest | UnreadableLine> {
  for await (const { number: line, bytes } of fileLines(path)) {
    if (bytes.length === 0 || bytes.every(byte => byte === 32 || byte === 13)) continue
    try {
      yield { line, ...requestOf(JSON.parse(utf8.decode(bytes))) }
    } catch (error) {
      yield { line, reason: messageOf(error) }
    }
  }
}

function requestOf(given: unknown): Question {
  if (Check(OfGuest, given)) return { method: 'GET', path: guestPath(given.guest_id) }
  if (Check(Call, given)) return callOf(given)
  if (typeof given === 'object' && given !== null) {
    const path = [...pathsByField].find(([field]) => Object.hasOwn(given, field))?.[1]
    if (path !== undefined) return { method: 'POST', path, body: given, asCaller: true }
  }
  throw new Error('expected {"guest_id"}, {"url": "/v1/…", "body"}, or a body with "messages", "prompt" or "input"')
}

function callOf({ url, body, headers = {} }: Static<typeof Call>): Question {
  return { method: 'POST', path: url, body, headers, asCaller: true }
}
