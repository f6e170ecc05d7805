import type { CacheKey } from '../../base/key.ts'
import type { MarkName, NamespacePath } from '../../base/namespace-path.ts'
import type { Mark } from '../../ports/store.ts'
import type { Invalidation } from './invalidation.ts'

/** What the processes of a cache tell each other. */
export type BusMessage = Invalidation | { readonly kind: 'released'; readonly key: CacheKey }

/** A message names so many keys or marks at most. */
const mostNames = 256

/** Messages as JSON: `[origin, kind, …]`. */
export function writeMessages(origin: string, message: BusMessage): readonly string[] {
  switch (message.kind) {
    case 'keys':
      return chunks(message.keys).map(keys => JSON.stringify([origin, 'keys', keys]))
    case 'marks':
      return chunks(message.renewals).map(renewals =>
        JSON.stringify([origin, 'marks', renewals.map(({ name, mark }) => [name, mark])]),
      )
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
  if (kind === 'marks' && Array.isArray(first) && first.every(pair => isTexts(pair) && pair.length === 2)) {
    return { kind, renewals: first.map(([name, mark]) => ({ name: name as MarkName, mark: mark as Mark })) }
  }
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
