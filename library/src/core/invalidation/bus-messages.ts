import type { CacheKey } from '../../base/key.ts'
import type { MarkName, NamespacePath } from '../../base/namespace-path.ts'
import type { ForeignInvalidation } from './invalidation.ts'

/** What the processes of a cache tell each other. */
export type BusMessage = ForeignInvalidation | { readonly kind: 'released'; readonly key: CacheKey }

/** A message names so many keys or marks at most. */
const mostNames = 256

/** Messages as JSON: `[origin, kind, …]`. */
export function writeMessages(origin: string, message: BusMessage): readonly string[] {
  switch (message.kind) {
    case 'keys':
      return chunks(message.keys).map(keys => JSON.stringify([origin, 'keys', keys]))
    case 'renewed':
      return chunks(message.names).map(names => JSON.stringify([origin, 'renewed', names]))
    case 'pattern':
      return [JSON.stringify([origin, 'pattern', message.path, message.glob])]
    case 'released':
      return [JSON.stringify([origin, 'released', message.key])]
  }
}

export type MessageReading =
  | { readonly kind: 'message'; readonly message: BusMessage }
  | { readonly kind: 'own' }
  /** Another version's, or somebody else's on the same channel. */
  | { readonly kind: 'unreadable' }

export function readMessage(text: string, origin: string): MessageReading {
  const parts = parse(text)
  if (parts === undefined) return { kind: 'unreadable' }
  if (parts[0] === origin) return { kind: 'own' }
  const message = messageOf(parts)
  return message === undefined ? { kind: 'unreadable' } : { kind: 'message', message }
}

function messageOf([, kind, first, second]: readonly unknown[]): BusMessage | undefined {
  // The texts are what another process of the same cache wrote under these kinds: hence the brands.
  if (kind === 'keys' && isTexts(first)) return { kind, keys: first as readonly CacheKey[] }
  if (kind === 'renewed' && isTexts(first)) return { kind, names: first as readonly MarkName[] }
  if (kind === 'pattern' && typeof first === 'string' && typeof second === 'string') {
    return { kind, path: first as NamespacePath, glob: second }
  }
  if (kind === 'released' && typeof first === 'string') return { kind, key: first as CacheKey }
  return undefined
}

function parse(text: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && typeof parsed[0] === 'string' ? parsed : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function chunks<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / mostNames)
  return Array.from({ length: count }, (_, chunk) => items.slice(chunk * mostNames, (chunk + 1) * mostNames))
}
