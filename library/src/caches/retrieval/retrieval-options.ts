import type { Duration } from '../../base/duration.ts'
import { expected, readNames } from '../../base/option-reading.ts'

/** What makes two retrievals the same. */
export interface RetrievalQuery {
  /** As the user or the model asked it: a text, or an embedding. */
  readonly query: string | readonly number[] | Float32Array
  /** Whatever narrows the search, as plain data; its order does not matter. */
  readonly filters?: unknown
  /** How many documents are asked for. */
  readonly k?: number
  /** Of the corpus searched: what was retrieved from another version is not served. */
  readonly corpusVersion?: string | number
}

export interface RetrievalCacheOptions<Document> {
  /** How long a retrieval is fresh. Default 30 minutes. */
  readonly ttl?: Duration
  /** How long after that it is served when the retriever fails. Default 0: not at all. */
  readonly staleIfError?: Duration
  /** The id that a document is invalidated by. Default: its `id`, or that of its `metadata`. */
  readonly idOf?: (document: Document) => string | number | undefined
  /** Answers that were made from documents, and go with them. */
  readonly answers?: AnswersOfDocuments
}

/** The part of an `LlmCache` that is called. */
export interface AnswersOfDocuments {
  invalidate(selector: { readonly document: string }): Promise<{ readonly removed: number }>
}

export interface RetrievalSettings {
  readonly ttl: Duration
  readonly staleIfError: Duration
  readonly idOf: (document: unknown) => string | number | undefined
  readonly answers: AnswersOfDocuments | undefined
}

const optionNames: ReadonlySet<string> = new Set(['ttl', 'staleIfError', 'idOf', 'answers'])
const queryNames: ReadonlySet<string> = new Set(['query', 'filters', 'k', 'corpusVersion'])

/** @throws RepriseError `invalid_option` */
export function readOptions<Document>(options: RetrievalCacheOptions<Document>): RetrievalSettings {
  readNames(options, optionNames, 'retrievalCache')
  const { ttl = '30m', staleIfError = 0, idOf, answers } = options
  if (idOf !== undefined && typeof idOf !== 'function') throw expected('idOf', 'a function', idOf)
  if (answers !== undefined && typeof answers?.invalidate !== 'function')
    throw expected('answers', 'a cache of answers, such as llmCache() gives', answers)
  // The documents are those of the caller's own retriever.
  return { ttl, staleIfError, idOf: (idOf as RetrievalSettings['idOf'] | undefined) ?? ownId, answers }
}

/** @throws RepriseError `invalid_option` that names the field */
export function requireQuery(asked: RetrievalQuery): void {
  readNames(asked, queryNames, 'retrieve')
  const { query, k } = asked
  const isVector = query instanceof Float32Array || (Array.isArray(query) && query.every(Number.isFinite))
  if (!(typeof query === 'string' && query !== '') && !(isVector && query.length > 0))
    throw expected('query', 'a text, or a list of finite numbers', query)
  if (k !== undefined && !(Number.isSafeInteger(k) && k > 0)) throw expected('k', 'a whole number, 1 or more', k)
}

function ownId(document: unknown): string | number | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const { id, metadata } = document as { readonly id?: unknown; readonly metadata?: unknown }
  if (typeof id === 'string' || typeof id === 'number') return id
  if (typeof metadata !== 'object' || metadata === null) return undefined
  const { id: inner } = metadata as { readonly id?: unknown }
  return typeof inner === 'string' || typeof inner === 'number' ? inner : undefined
}
