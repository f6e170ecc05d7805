import type { Bus, BusEvent } from '../../ports/bus.ts'

type Listener = (event: BusEvent) => void

/** A bus within one process. Messages arrive soon, in order, and are never lost. */
export function memoryBus(): Bus {
  const channels = new Map<string, Set<Listener>>()

  return {
    publish: async (channel, text) => {
      for (const listener of channels.get(channel) ?? []) tell(listener, { kind: 'message', text })
    },
    subscribe: (channel, listener) => {
      const listeners = channels.get(channel) ?? new Set()
      channels.set(channel, listeners)
      let isOpen = true
      // A listener of its own, so that subscribing the same function twice is two subscriptions.
      const hear: Listener = event => {
        if (isOpen) listener(event)
      }
      listeners.add(hear)
      queueMicrotask(() => tell(hear, { kind: 'listening' }))
      return {
        close: async () => {
          isOpen = false
          listeners.delete(hear)
          if (listeners.size === 0) channels.delete(channel)
        },
      }
    },
  }
}

function tell(listener: Listener, event: BusEvent): void {
  try {
    listener(event)
  } catch {
    // A listener's failure is its own; the others are told all the same.
  }
}
