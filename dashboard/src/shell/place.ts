import { useSyncExternalStore } from 'react'

const base = '/admin/cache'
const listeners = new Set<() => void>()

/** Where the reader is within the page: its address below `/admin/cache`, as words; empty on the overview. */
export function usePlace(): readonly string[] {
  const path = useSyncExternalStore(subscribe, () => location.pathname)
  return path.slice(base.length).split('/').filter(Boolean).map(decoded)
}

/** The address of a place: `addressOf('caches', 'ai')`. */
export function addressOf(...words: readonly string[]): string {
  return [base, ...words.map(encodeURIComponent)].join('/')
}

export function goTo(address: string): void {
  history.pushState(undefined, '', address)
  scrollTo(0, 0)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}
