import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { canonicalObject, type Member, readableJson, readMembers } from './canonical-json.ts'

/** What is known of a request from its body. */
export interface Prompt {
  /** SHA-256 of the canonical body, 64 hex digits: alike for all who ask the same. */
  readonly hash: string
  readonly model: string
  readonly wantsStream: boolean
  /** Whether a chat stream is to end with its token counts. */
  readonly wantsUsage: boolean
  /** Whether the answer is drawn at random: everything but temperature 0. */
  readonly isSampled: boolean
  /** Whether it depends on, or changes, what the provider stores. */
  readonly isStateful: boolean
}

/** Top-level names that do not change what a model answers. Everything else does, for all we know. */
const denied: ReadonlySet<string> = new Set(['stream', 'stream_options', 'user', 'metadata'])

/** Names whose mere presence ties a request to what the provider keeps, unless they are null or false. */
const stateful: ReadonlySet<string> = new Set([
  'previous_response_id',
  'conversation',
  'background',
  'store',
  'container',
])

/**
 * Reads a request's body.
 * @param variant what else changes the answer: headers that `KnownPrompts` picks
 * @returns undefined when the body cannot be read in one way only: no UTF-8, no JSON object, a name twice
 */
export function readPrompt(body: Uint8Array, variant: string): Prompt | undefined {
  const members = membersOf(body)
  if (members === undefined) return undefined
  const values = new Map(members.map(({ name, value }) => [name, value]))
  if (values.size < members.length) return undefined
  const canonical = canonicalOf(members)
  return {
    // A canonical text holds no line break: what stands behind one cannot be mistaken for a part of the body.
    hash: hash('sha256', variant === '' ? canonical : `${canonical}\n${variant}`, 'hex'),
    model: textOf(values.get('model')),
    wantsStream: values.get('stream') === 'true',
    wantsUsage: /"include_usage":true/.test(values.get('stream_options') ?? ''),
    isSampled: Number(values.get('temperature') ?? 1) !== 0,
    isStateful: members.some(({ name, value }) => stateful.has(name) && value !== 'null' && value !== 'false'),
  }
}

/** The request as JSON for people and databases: canonical, files named by their hash. */
export function readableRequest(body: Uint8Array): string {
  const members = membersOf(body)
  return members === undefined ? '' : readableJson(canonicalOf(members))
}

/** The same chat request, asking for token counts at the end of its stream. */
export function askingForUsage(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
  const members = readMembers(text)
  if (members === undefined) return body
  const options = members.find(({ name }) => name === 'stream_options')
  if (options === undefined) {
    const start = text.indexOf('{') + 1
    return Buffer.from(`${text.slice(0, start)}"stream_options":{"include_usage":true},${text.slice(start)}`)
  }
  const given: unknown = JSON.parse(text.slice(options.from, options.to))
  const asking = JSON.stringify({ ...(typeof given === 'object' ? given : {}), include_usage: true })
  return Buffer.from(text.slice(0, options.from) + asking + text.slice(options.to))
}

function membersOf(body: Uint8Array): readonly Member[] | undefined {
  if (!isUtf8(body)) return undefined
  return readMembers(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
}

function canonicalOf(members: readonly Member[]): string {
  return canonicalObject(members.filter(({ name }) => !denied.has(name)))
}

function textOf(value: string | undefined): string {
  if (value?.[0] !== '"' || value.startsWith('"\\@')) return ''
  return String(JSON.parse(value))
}
