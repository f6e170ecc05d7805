import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheEventNames } from 'reprise'
import { describe, expect, it } from 'vitest'
import { readPage, root } from './pages.ts'

/** A page, and the interfaces whose every option it names in a table. */
const told: readonly (readonly [page: string, type: string, file: string])[] = [
  ['docs/engine/options.md', 'CacheOptions', 'core/cache-options.ts'],
  ['docs/engine/options.md', 'CachePolicyOptions', 'core/policy.ts'],
  ['docs/guides/llm.md', 'LlmCacheOptions', 'caches/llm/llm-options.ts'],
  ['docs/guides/llm.md', 'CachedFetchOptions', 'adapters/openai.ts'],
  ['docs/guides/embeddings.md', 'WrapEmbeddingsOptions', 'caches/embedding/wrap-embeddings.ts'],
  ['docs/guides/retrieval.md', 'RetrievalCacheOptions', 'caches/retrieval/retrieval-options.ts'],
  ['docs/guides/frameworks.md', 'CachedModelOptions', 'adapters/ai-sdk/cached-model.ts'],
  ['docs/guides/queries.md', 'QueryCacheOptions', 'caches/query/query-options.ts'],
  ['docs/guides/queries.md', 'CachedOptions', 'caches/query/query-options.ts'],
  ['docs/http-cache.md', 'HttpCacheOptions', 'caches/http/options.ts'],
  ['docs/http-cache.md', 'PathOptions', 'caches/http/paths.ts'],
]

/** The names of an interface's own members. */
function membersOf(type: string, file: string): readonly string[] {
  const source = readFileSync(join(root, 'library/src', file), 'utf8')
  const [, body = ''] = new RegExp(`export interface ${type}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source) ?? []
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, name = '']) => name)
}

/** What a page names as code. */
function namedBy(page: string): ReadonlySet<string> {
  return new Set([...readPage(page).matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => code.match(/\w+/g) ?? []))
}

describe('the options that pages name', () => {
  it.each(told)('%s names all of %s', (page, type, file) => {
    const members = membersOf(type, file)
    expect(members.length).toBeGreaterThan(0)
    const named = namedBy(page)
    expect(members.filter(name => !named.has(name))).toEqual([])
  })
})

it('docs/engine/events.md names every event of a cache, and no other', () => {
  const rows = [...readPage('docs/engine/events.md').matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)]
  const shown = rows.flatMap(([, names = '']) => names.match(/\w+/g) ?? [])
  expect(shown.sort()).toEqual([...cacheEventNames].sort())
})
