import { parseDuration } from '../../../base/duration.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import { documentTag } from '../kept/answer-tags.ts'

/** How a call wants to be treated: what its `x-reprise-…` headers say. */
export interface Controls {
  readonly mode: CacheMode
  /** How long the answer is kept; undefined: as the cache says. */
  readonly ttlMs: number | undefined
  /** Divides the tenant's answers further. */
  readonly namespace: string | undefined
  readonly replay: ReplayPace
  /** What the answer can be invalidated by; documents as `document:{id}`. */
  readonly tags: readonly string[]
}

/**
 * `bypass` neither reads nor keeps, `no-store` reads but keeps nothing, `refresh` keeps but does not read, `only` answers
 * 504 where nothing is kept.
 */
export type CacheMode = 'default' | 'bypass' | 'refresh' | 'only' | 'no-store'

/** A kept stream comes at once, or piece by piece as it was recorded. */
export type ReplayPace = 'at-once' | 'paced'

/** Headers as Node.js and frameworks hand them over: by lower-case name. */
export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>

export const defaultControls: Controls = {
  mode: 'default',
  ttlMs: undefined,
  namespace: undefined,
  replay: 'at-once',
  tags: [],
}

const modes: readonly CacheMode[] = ['default', 'bypass', 'refresh', 'only', 'no-store']
const paces: readonly ReplayPace[] = ['at-once', 'paced']
const namespacePattern = /^[\w.:-]{1,64}$/
const mostTags = 32
const longestTag = 200

/**
 * Reads the headers `x-reprise-cache`, `x-reprise-ttl` (`10m`; a bare number counts seconds), `x-reprise-namespace`,
 * `x-reprise-replay`, `x-reprise-tags` and `x-reprise-documents` (lists, by comma).
 * @throws RepriseError `invalid_control`, which names the header
 * @example readControls({ 'x-reprise-cache': 'refresh', 'x-reprise-ttl': '10m' })
 */
export function readControls(headers: HeaderValues): Controls {
  const cache = headers['x-reprise-cache']
  const ttl = headers['x-reprise-ttl']
  const namespace = headers['x-reprise-namespace']
  const replay = headers['x-reprise-replay']
  const tags = headers['x-reprise-tags']
  const documents = headers['x-reprise-documents']
  // Most calls say nothing of the kind.
  if ((cache ?? ttl ?? namespace ?? replay ?? tags ?? documents) === undefined) return defaultControls
  return {
    mode: oneOf(modes, cache, 'x-reprise-cache') ?? 'default',
    ttlMs: readTtl(ttl),
    namespace: readNamespace(namespace),
    replay: oneOf(paces, replay, 'x-reprise-replay') ?? 'at-once',
    tags: readTagLists(tags, documents),
  }
}

/** Whether a header steers Reprise, so that it is of no use to an upstream. */
export function isControlHeader(name: string): boolean {
  return name.startsWith('x-reprise-')
}

type HeaderValue = HeaderValues[string]

function oneOf<Choice extends string>(
  choices: readonly Choice[],
  value: HeaderValue,
  header: string,
): Choice | undefined {
  if (value === undefined) return undefined
  const choice = choices.find(each => each === textOf(value).toLowerCase())
  if (choice !== undefined) return choice
  throw invalid(header, value, `one of ${choices.join(', ')} is expected`)
}

function readTtl(value: HeaderValue): number | undefined {
  if (value === undefined) return undefined
  const text = textOf(value)
  const header = 'x-reprise-ttl'
  try {
    const ms = parseDuration(/^\d+$/.test(text) ? Number(text) * 1_000 : text, header)
    if (ms > 0) return ms
  } catch (error) {
    throw new RepriseError('invalid_control', messageOf(error), { field: header, cause: error })
  }
  throw invalid(header, value, 'an answer is kept longer than 0; to keep none, send x-reprise-cache: no-store')
}

function readNamespace(value: HeaderValue): string | undefined {
  if (value === undefined) return undefined
  const text = textOf(value)
  if (namespacePattern.test(text)) return text
  throw invalid('x-reprise-namespace', value, '1 to 64 characters of A-Z a-z 0-9 _ . : - are expected')
}

function readTagLists(tags: HeaderValue, documents: HeaderValue): readonly string[] {
  const all = [...listOf(tags, 'x-reprise-tags'), ...listOf(documents, 'x-reprise-documents').map(documentTag)]
  if (all.length <= mostTags) return [...new Set(all)]
  throw invalid('x-reprise-tags', tags ?? documents, `${mostTags} tags and documents at most are expected`)
}

function listOf(value: HeaderValue, header: string): readonly string[] {
  if (value === undefined) return []
  const items = textOf(value)
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  if (items.every(item => item.length <= longestTag && item.isWellFormed())) return items
  throw invalid(header, value, `texts of ${longestTag} characters at most are expected`)
}

function textOf(value: string | readonly string[]): string {
  return (typeof value === 'string' ? value : value.join(',')).trim()
}

function invalid(header: string, value: HeaderValue, expected: string): RepriseError {
  const shown = JSON.stringify(textOf(value ?? '').slice(0, 50))
  return new RepriseError('invalid_control', `${header} is ${shown}, but ${expected}.`, { field: header })
}
