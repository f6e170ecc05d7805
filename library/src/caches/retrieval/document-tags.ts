import { hash } from 'node:crypto'

/** Entries bear a bounded number of tags: retrievals of more documents bear those of groups of documents instead. */
const mostDocuments = 48
const groups = 32
const longestId = 200

/** The tags of a retrieval that answered these documents. */
export function tagsOfRetrieval(ids: readonly string[]): readonly string[] {
  const distinct = [...new Set(ids)]
  return distinct.length <= mostDocuments ? distinct.map(documentTag) : [...new Set(distinct.map(groupTag))]
}

/** The tags of all retrievals that may have answered a document. */
export function tagsOfDocument(id: string): readonly string[] {
  return [documentTag(id), groupTag(id)]
}

function documentTag(id: string): string {
  const text = id.toWellFormed()
  return id.length <= longestId && text === id ? `document:${id}` : `document~${hash('sha256', id, 'base64url')}`
}

function groupTag(id: string): string {
  return `documents:${Number.parseInt(hash('sha256', id).slice(0, 8), 16) % groups}`
}
