import { type CacheKey, namespacePathOf, readableText } from '../../base/key.ts'
import type { NamespacePath } from '../../base/namespace-path.ts'
import { readCount, readNames } from '../../base/option-reading.ts'
import { Scope } from '../coherence/scope.ts'
import type { Engine } from '../engine.ts'
import { keyGlob, matchesPattern } from '../invalidation/invalidation.ts'
import type { Policy } from '../policy.ts'
import type { GuardedStore } from '../tiers/guarded-store.ts'
import { type Explanation, explain } from './explain.ts'

export interface KeysOptions {
  /** Matched against keys' readable texts: `*` is any text, `?` one character. Default `*`. */
  readonly pattern?: string
  /** How many are found at most. Default 100. */
  readonly limit?: number
}

/** A key that something is kept under, here or in Redis; an entry whose time is over may be among them. */
export interface FoundKey {
  /** As tiers know it. */
  readonly key: CacheKey
  readonly readable: string
  readonly namespace: string
  /** Which tier holds it, how old, and whether it would be served. */
  explain(): Promise<Explanation>
}

const optionNames = new Set(['pattern', 'limit'])
const defaultLimit = 100

/** For people who look: reads keys of memory, then of Redis, until there are enough. */
export async function findKeys(
  engine: Engine,
  scope: Scope,
  policy: Policy,
  options: KeysOptions,
): Promise<readonly FoundKey[]> {
  readNames(options, optionNames, 'keys')
  const { pattern = '*' } = options
  const limit = readCount(options.limit ?? defaultLimit, 'limit')
  const found = new Set<CacheKey>()
  for (const key of engine.memory?.matching(scope.path, pattern) ?? []) {
    if (found.size >= limit) break
    found.add(key)
  }
  const { store } = engine
  if (store?.isUp === true && found.size < limit) {
    for await (const keys of store.store.scan(keyGlob(scope.path, pattern))) {
      const matching = keys.filter(key => !found.has(key) && matchesPattern(key, scope.path, pattern))
      for (const key of await holding(store, matching.slice(0, limit - found.size))) found.add(key)
      if (found.size >= limit) break
    }
  }
  return [...found].map(key => {
    const namespace = namespacePathOf(key)
    const its = scopeOf(engine, namespace)
    return { key, readable: readableText(key), namespace, explain: () => explain(engine, its, policy, key) }
  })
}

/** Those keys under which there is an entry, not just a fence. */
async function holding(store: GuardedStore, keys: readonly CacheKey[]): Promise<readonly CacheKey[]> {
  const readings = await store.readMany(keys)
  return keys.filter((_, index) => readings[index]?.kind === 'entry')
}

function scopeOf(engine: Engine, path: string): Scope {
  const paths = path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'))
  const [root = path, ...below] = paths
  // The path of a key that was made by a scope.
  const scopeAt = (own: string, above?: Scope) => new Scope(engine.marks, own as NamespacePath, above)
  return below.reduce((above, own) => scopeAt(own, above), scopeAt(root))
}
