import { get } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'vitest'

/** The fields of an answer that a test reads, checked by what it expects of them. */
export async function jsonOf<Shape>(response: Response | Promise<Response>): Promise<Shape> {
  // A test names the shape it expects; its expectations fail when another came.
  return (await (await response).json()) as Shape
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly field?: string
  readonly request_id: string
}

/** Sends JSON (or the very text or bytes given) to a path. */
export function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const payload = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: payload })
}

/** Reads a refusal, and that it is one: a problem with its code, its request id and nothing of the inside. */
export async function expectProblem(
  response: Response,
  status: number,
  code: string,
  field?: string,
): Promise<Problem> {
  const text = await response.text()
  expect(`${response.status} ${text}`).toContain(`${status} {`)
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  const problem: Problem = JSON.parse(text)
  expect(problem).toMatchObject({ status, code, type: `urn:reprise:problem:${code}` })
  expect(problem.field).toBe(field)
  expect(problem.title.length).toBeGreaterThan(10)
  expect(problem.detail.length).toBeGreaterThan(10)
  expect(problem.request_id).toBe(response.headers.get('x-request-id'))
  expect(text).not.toMatch(/ at .+:\d+|node_modules|\/src\/|\/dist\//)
  return problem
}

/** Sends bytes as they are and reads until the server ends the connection. */
export function rawExchange(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  return exchange(port, parts, false)
}

/** Sends bytes as they are, says that no more will come, and reads until the server ends the connection. */
export function rawMessage(port: number, bytes: Uint8Array): Promise<string> {
  return exchange(port, [bytes], true)
}

function exchange(port: number, parts: readonly (string | Uint8Array)[], isAll: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part)
      if (isAll) socket.end()
    })
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', error => (chunks.length > 0 ? resolve(Buffer.concat(chunks).toString()) : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

/** fetch sends the host of its URL alone; this asks with another. */
export function statusAtHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(`${url}/healthz`, { headers: { host } }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
  })
}
