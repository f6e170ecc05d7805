import type { CacheFigures } from 'reprise-server/answers'

/** What each cache keeps, in words. */
export const cacheNames: Readonly<Record<CacheFigures['cache'], { readonly title: string; readonly keeps: string }>> = {
  ai: { title: 'Answers', keeps: 'what language models answered' },
  rag: { title: 'Retrievals', keeps: 'what retrievers found' },
  db: { title: 'Queries', keeps: 'what databases answered' },
  http: { title: 'HTTP', keeps: 'responses of other servers' },
  embeddings: { title: 'Embeddings', keeps: 'vectors of texts' },
  guest: { title: 'Histories', keeps: 'fast copies of guests’ conversations' },
}

export function isUsed({ hits, misses, entries }: CacheFigures): boolean {
  return hits.all + misses.all + entries > 0
}
