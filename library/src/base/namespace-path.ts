import { hash } from 'node:crypto'
import { escapeLoneSurrogates, type KeyPrefix } from './key.ts'
import { RepriseError } from './reprise-error.ts'

/** A cache's name and the namespaces below it, each percent-encoded, joined by `/`: `app/rag`. */
export type NamespacePath = string & { readonly brand: 'NamespacePath' }

/** What has a mark: a namespace (`app/rag`), or a tag of a namespace (`app/rag#t:user:7`). */
export type MarkName = string & { readonly brand: 'MarkName' }

const longestName = 128
const longestTag = 200

/**
 * The path of a cache or namespace, below another one or none. Names may hold anything; other characters than
 * `A-Z a-z 0-9 _ . -` are percent-encoded, so that no two paths are alike.
 * @throws RepriseError `invalid_option` for an empty or too long name
 */
export function namespacePath(name: string, parent?: NamespacePath): NamespacePath {
  if (typeof name !== 'string' || name.length === 0 || name.length > longestName) {
    throw new RepriseError(
      'invalid_option',
      `The name of a cache or namespace must be a text of 1 to ${longestName} characters, not ${describe(name)}.`,
      { field: 'name' },
    )
  }
  const encoded = escapeLoneSurrogates(name).replace(/[^\w.-]/g, percentEncode)
  // A text with lone surrogates was escaped: the backslashes that this put in are told apart from the caller's own.
  const own = name.isWellFormed() ? encoded : `%!${encoded}`
  return (parent === undefined ? own : `${parent}/${own}`) as NamespacePath
}

function percentEncode(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

export function keyPrefix(path: NamespacePath): KeyPrefix {
  return `${path}:` as KeyPrefix
}

/** A namespace's own mark; clearing the namespace renews it. */
export function namespaceMark(path: NamespacePath): MarkName {
  return path as string as MarkName
}

/**
 * The mark of a tag in a namespace.
 * @throws RepriseError `invalid_option` for a tag that is empty or no text
 */
export function tagMark(path: NamespacePath, tag: string): MarkName {
  if (typeof tag !== 'string' || tag.length === 0) {
    throw new RepriseError('invalid_option', `A tag must be a text of 1 character or more, not ${describe(tag)}.`, {
      field: 'tags',
    })
  }
  const text = escapeLoneSurrogates(tag)
  const framed = `${text === tag ? 't' : 'u'}:${text}`
  const short = framed.length <= longestTag ? framed : `h:${hash('sha256', framed, 'base64url')}`
  return `${path}#${short}` as MarkName
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `one of ${value.length} characters` : `of type ${typeof value}`
}
