import { hash } from 'node:crypto'
import { RepriseError } from './reprise-error.ts'

/** What a key is made of. Parts of different types make different keys: `7`, `"7"`, `[7]` and `["7"]` are four keys. */
export type KeyPart = string | number | bigint | boolean | readonly KeyPart[]

/** A key as callers give it: a text, a number, or a list such as `["user", 7]`. */
export type Key = KeyPart

/**
 * A key with its namespace, as tiers know it: `app/rag:user:7|s4n1`. Before the first `:` the namespace's path, after the
 * last `|` the types and lengths of the parts, between them the readable text; a text that itself holds no `|` needs no
 * frame: `app:user:7`. Two different keys never share one. Well-formed Unicode without limit on its characters; at most
 * some 400 characters long, whatever the caller gave.
 */
export type CacheKey = string & { readonly brand: 'CacheKey' }

/** The beginning of all keys of a namespace: `app/rag:`. */
export type KeyPrefix = string & { readonly brand: 'KeyPrefix' }

/** Longer keys are hashed; what people read of them is their beginning. */
const longestText = 200
const keptOfLongText = 100
const deepestNesting = 16

/** Lone surrogates would all become the same character in UTF-8. */
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g

/**
 * Reads a caller's key within a namespace.
 * @throws RepriseError `invalid_key` when it is empty or a part is of another type
 * @example cacheKey(keyPrefix(['app']), ['user', 7]) // 'app:user:7|s4n1'
 */
export function cacheKey(prefix: KeyPrefix, key: Key): CacheKey {
  if (typeof key === 'string' && key.length > 0 && key.length <= longestText && isPlain(key)) {
    // A brand is given here and below, where the parts have been read.
    return (prefix + key) as CacheKey
  }
  return framedKey(prefix, key)
}

/** Whether a text needs no frame: most do not. */
function isPlain(text: string): boolean {
  return !text.includes('|') && text.isWellFormed()
}

function framedKey(prefix: KeyPrefix, key: Key): CacheKey {
  if (key === '') throw invalid('is an empty text')
  const leaves: string[] = []
  let frame = ''
  if (Array.isArray(key)) {
    if (key.length === 0) throw invalid('is an empty list')
    for (const part of key) frame += addPart(part, leaves, 1)
  } else {
    const alone = addPart(key, leaves, 0)
    // A text alone carries an empty frame, and a number alone no length: nothing follows them.
    frame = alone.startsWith('s') ? '' : alone.replace(/\d+$/, '')
  }
  const text = leaves.join(':')
  if (text.length + frame.length <= longestText) return `${prefix}${text}|${frame}` as CacheKey
  const digest = hash('sha256', `${text}|${frame}`, 'base64url')
  const start = text.slice(0, keptOfLongText).toWellFormed()
  return `${prefix}${start}~${digest}|h` as CacheKey
}

/** Adds the texts of a part, and answers its frame. */
function addPart(part: unknown, leaves: string[], depth: number): string {
  switch (typeof part) {
    case 'string': {
      const text = escapeLoneSurrogates(part)
      leaves.push(text)
      return `${text === part ? 's' : 'u'}${text.length}`
    }
    case 'number': {
      if (!Number.isFinite(part)) throw invalid(`holds ${part}`)
      const text = String(part)
      leaves.push(text)
      return `n${text.length}`
    }
    case 'bigint':
    case 'boolean': {
      const text = String(part)
      leaves.push(text)
      return `${typeof part === 'bigint' ? 'i' : 'b'}${text.length}`
    }
    default: {
      if (!Array.isArray(part)) throw invalid(`holds ${part === null ? 'null' : `a value of type ${typeof part}`}`)
      if (depth >= deepestNesting) throw invalid(`is nested deeper than ${deepestNesting} lists`)
      let frame = '('
      for (const inner of part) frame += addPart(inner, leaves, depth + 1)
      return `${frame})`
    }
  }
}

/** The text itself when it is well-formed; else one that no well-formed text becomes, given a mark beside it. */
export function escapeLoneSurrogates(text: string): string {
  if (text.isWellFormed()) return text
  const escaped = text.replaceAll('\\', '\\\\')
  return escaped.replace(loneSurrogate, unit => `\\u${unit.charCodeAt(0).toString(16)}`)
}

/** What people read of a key, and patterns match: `user:7`. */
export function readableText(key: CacheKey): string {
  const end = key.lastIndexOf('|')
  return key.slice(key.indexOf(':') + 1, end < 0 ? key.length : end)
}

/** The path of the namespace that a key lies in: `app/rag`. */
export function namespacePathOf(key: CacheKey): string {
  return key.slice(0, key.indexOf(':'))
}

function invalid(reason: string): RepriseError {
  return new RepriseError(
    'invalid_key',
    `The cache key ${reason}. A key is a text, a finite number, a bigint, a boolean, or a list of these, such as ["user", 7].`,
    { field: 'key' },
  )
}
