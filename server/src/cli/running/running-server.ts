import { readFile } from 'node:fs/promises'
import { messageOf, RepriseError } from 'reprise'
import { type Static, type TSchema, Type } from 'typebox'
import { Check } from 'typebox/value'
import type { ServerOptions } from './server-options.ts'

export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its query, such as `/api/cache/explain?cache=ai&key=x`. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Asked as a caller of the gateway does, whose credential is not the admin key. */
  readonly asCaller?: true
  readonly signal?: AbortSignal
}

/** A server that runs somewhere, asked over HTTP with the admin key. */
export interface RunningServer {
  readonly url: string
  /** @throws RepriseError when it is away, refuses, or answers something else than the schema says */
  ask<Schema extends TSchema>(question: Question, schema: Schema): Promise<Static<Schema>>
  /** The same for an answer that is read as it comes. */
  open(question: Question): Promise<Response>
  /** Whatever it answers, refusals too. */
  send(question: Question): Promise<Response>
}

const Problem = Type.Object({ code: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) })

/** Finds the key and knows how to ask; nothing is sent yet. `fallbackKey` is for where neither option nor variable is. */
export async function runningServer(
  { url, keyFile }: Omit<ServerOptions, 'json'>,
  fallbackKey?: string,
): Promise<RunningServer> {
  const base = url.href.replace(/\/+$/, '')
  const key = keyFile === undefined ? (process.env['ADMIN_API_KEY']?.trim() ?? fallbackKey) : await readKey(keyFile)

  async function send({ method, path, body, headers = {}, asCaller, signal }: Question): Promise<Response> {
    const request = new Request(base + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined || key === '' || asCaller ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
    return fetch(request).catch((cause: unknown) => {
      throw signal?.aborted ? cause : away(base, cause)
    })
  }

  async function open(question: Question): Promise<Response> {
    const answer = await send(question)
    if (!answer.ok) throw await refusal(answer, base)
    return answer
  }

  return {
    url: base,
    send,
    open,
    ask: async (question, schema) => {
      const answer = await open(question)
      const given: unknown = await answer.json().catch(() => undefined)
      if (Check(schema, given)) return given
      throw new RepriseError(
        'invalid_setting',
        `What answers at ${base} is no Reprise, or one of another version: ${question.path} answered something else than expected.`,
      )
    },
  }
}

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new RepriseError('invalid_setting', `--key-file ${file} cannot be read: ${messageOf(cause)}`, { cause })
  })
  return text.trim()
}

/** `fetch` says only that it failed; why, its cause says. */
function away(base: string, error: unknown): RepriseError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const reason = messageOf(cause) || (cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer')
  return new RepriseError(
    'invalid_setting',
    `No server answers at ${base} (${reason}). Start one with: reprise serve – or name another by --url.`,
    { cause: error },
  )
}

/** What a refusal came to, in words, with what to do about it. */
export async function refusal(answer: Response, base: string): Promise<RepriseError | Error> {
  const given: unknown = await answer.json().catch(() => undefined)
  const detail = (Check(Problem, given) ? given.detail : undefined) ?? `it answered ${answer.status}`
  if (answer.status === 401) {
    return new RepriseError(
      'invalid_setting',
      `The server at ${base} refused: ${detail} Set ADMIN_API_KEY to the server’s, or name a file that holds it by --key-file.`,
    )
  }
  const message = `The server at ${base} refused: ${detail}`
  return answer.status < 500 ? new RepriseError('invalid_setting', message) : new Error(message)
}
