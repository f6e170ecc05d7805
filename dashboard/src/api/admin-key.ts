import { useSyncExternalStore } from 'react'

/** Kept for this tab alone, and gone when it is closed. */
const place = 'reprise-admin-key'
const listeners = new Set<() => void>()
let isAsked = false

export function adminKey(): string | undefined {
  return sessionStorage.getItem(place) ?? undefined
}

export function keepAdminKey(key: string): void {
  sessionStorage.setItem(place, key)
  setAsked(false)
}

/** The server refused what was sent, or asked for what was not. */
export function askForAdminKey(): void {
  setAsked(true)
}

export function forgetAdminKey(): void {
  sessionStorage.removeItem(place)
  setAsked(true)
}

/** Whether the server waits for an admin key before it tells anything. */
export function useIsKeyAsked(): boolean {
  return useSyncExternalStore(subscribe, () => isAsked)
}

/** Tells `listener` whenever the key is asked for or was given. */
export function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function setAsked(asked: boolean): void {
  isAsked = asked
  for (const listener of listeners) listener()
}
