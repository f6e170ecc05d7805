import { hash } from 'node:crypto'
import { canonicalJson } from '../../base/codec/canonical-json.ts'
import type { Key } from '../../base/key.ts'
import { expected, requireMethod } from '../../base/option-reading.ts'
import { bytesOfVector } from '../../base/vector/vector-bytes.ts'
import type { Cache } from '../../core/cache.ts'
import { tagsOfDocument, tagsOfRetrieval } from './document-tags.ts'
import {
  type RetrievalCacheOptions,
  type RetrievalQuery,
  type RetrievalSettings,
  readOptions,
  requireQuery,
} from './retrieval-options.ts'

/** Asks the index; the signal is aborted when nobody waits any more. */
export type Retriever<Document, Asked extends RetrievalQuery = RetrievalQuery> = (
  asked: Asked,
  context: { readonly signal: AbortSignal },
) => PromiseLike<readonly Document[]> | readonly Document[]

export interface DocumentsInvalidated {
  /** Entries of this process's memory; what lies in Redis is not counted. */
  readonly retrievals: number
  /** Answers that rested on one of the documents. */
  readonly answers: number
}

export interface RetrievalCache<Document> {
  /**
   * The documents for a query; retrieved where they are not known. Callers of one query share one retrieval.
   * @throws what the retriever throws; RepriseError `invalid_option`
   */
  retrieve<Asked extends RetrievalQuery, Found extends Document>(
    asked: Asked,
    retriever: Retriever<Found, Asked>,
  ): Promise<readonly Found[]>
  /** The same retriever with the cache before it. */
  wrap<Asked extends RetrievalQuery, Found extends Document>(
    retriever: Retriever<Found, Asked>,
  ): (asked: Asked) => Promise<readonly Found[]>
  /**
   * Drops every retrieval that answered one of the documents, and every answer that was made from it; what is being
   * retrieved or generated now is not kept. Call it after the index was changed.
   */
  invalidateDocuments(ids: readonly (string | number)[]): Promise<DocumentsInvalidated>
  /** Drops all retrievals, as when documents were added that older queries should find. */
  clear(): Promise<void>
}

const defaultK = 0

/**
 * Keeps what a retriever found, by query, filters, k and version of the corpus, in the namespace `retrievals` of a cache.
 * Entries bear the ids of their documents, so that a changed document takes along what rests on it. A document that is
 * new is found by older queries once their time is over, after `clear()`, or under another `corpusVersion`.
 *
 * @example
 * const rag = retrievalCache(cache, { ttl: '30m', answers: llm })
 * const documents = await rag.retrieve({ query: 'opening hours', k: 4 }, ({ query, k }) => index.search(query, k))
 * await rag.invalidateDocuments(['opening-hours.md'])
 * @throws RepriseError `invalid_option`
 */
export function retrievalCache<Document = unknown>(
  cache: Cache,
  options: RetrievalCacheOptions<Document> = {},
): RetrievalCache<Document> {
  requireMethod(cache, 'namespace', 'cache', 'a cache of createCache')
  const settings = readOptions(options)
  const { ttl, staleIfError, answers } = settings
  const kept = cache.namespace('retrievals', { ttl, grace: staleIfError, graceFor: 'error' })

  async function retrieve<Asked extends RetrievalQuery, Found extends Document>(
    asked: Asked,
    retriever: Retriever<Found, Asked>,
  ): Promise<readonly Found[]> {
    requireQuery(asked)
    if (typeof retriever !== 'function') throw expected('retriever', 'a function', retriever)
    return kept.getOrSet(keyOf(asked), async ({ signal, setTags }) => {
      const documents = await retriever(asked, { signal })
      if (!Array.isArray(documents)) throw expected('the retriever’s answer', 'a list of documents', documents)
      setTags(tagsOfRetrieval(idsOf(documents, settings)))
      return documents
    })
  }

  return {
    retrieve,
    wrap: retriever => asked => retrieve(asked, retriever),
    invalidateDocuments: async ids => {
      const texts = readIds(ids)
      if (texts.length === 0) return { retrievals: 0, answers: 0 }
      const { removed } = await kept.invalidateTags([...new Set(texts.flatMap(tagsOfDocument))])
      // After the retrievals: an answer that is begun from here on rests on new ones.
      const dropped = await Promise.all(texts.map(document => answers?.invalidate({ document })))
      return { retrievals: removed, answers: dropped.reduce((sum, each) => sum + (each?.removed ?? 0), 0) }
    },
    clear: async () => {
      await kept.clear()
    },
  }
}

function keyOf({ query, filters, k = defaultK, corpusVersion = '' }: RetrievalQuery): Key {
  const narrowed = canonicalJson(filters ?? null)
  if (narrowed === undefined) throw expected('filters', 'plain data, as JSON carries it', filters)
  return [corpusVersion, k, hash('sha256', narrowed, 'base64url').slice(0, 22), ...partsOf(query)]
}

/** A text as it is, an embedding by the hash of its numbers. */
function partsOf(query: RetrievalQuery['query']): readonly string[] {
  if (typeof query === 'string') return ['text', query]
  const vector = query instanceof Float32Array ? query : Float32Array.from(query)
  return ['vector', hash('sha256', bytesOfVector(vector), 'base64url')]
}

function idsOf(documents: readonly unknown[], { idOf }: RetrievalSettings): readonly string[] {
  return documents.flatMap(document => {
    const id = idOf(document)
    return id === undefined ? [] : [String(id)]
  })
}

function readIds(ids: readonly (string | number)[]): readonly string[] {
  const isId = (id: unknown) => (typeof id === 'string' && id !== '') || typeof id === 'number'
  if (!Array.isArray(ids) || !ids.every(isId)) throw expected('ids', 'a list of texts or numbers', ids)
  return [...new Set(ids.map(String))]
}
