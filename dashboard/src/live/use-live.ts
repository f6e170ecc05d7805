import { useSyncExternalStore } from 'react'
import { currentFigures, type LiveFigures, subscribeFigures } from './live-figures.ts'

/** The figures of the caches, as they change every two seconds. */
export function useLive(): LiveFigures {
  return useSyncExternalStore(subscribeFigures, currentFigures)
}
