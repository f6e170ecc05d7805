/** What a listener learns. Between `listening` and the next `deaf`, every message published meanwhile is delivered. */
export type BusEvent =
  /** Delivered once, in the order of its publisher; a listener hears its own process's messages too. */
  | { readonly kind: 'message'; readonly text: string }
  /** From now on messages may be missed: the connection was lost, is silent, or a number was skipped. */
  | { readonly kind: 'deaf'; readonly reason: Error }
  /** Whatever is published from now on is delivered; what was published since `deaf` may be lost. */
  | { readonly kind: 'listening' }

/**
 * Tells all processes something, at most once each, and notices when that did not work.
 *
 * The bus numbers the messages of a channel, so that a listener who was passed over notices it by the next message, and
 * asks now and then for the last number, so that it notices even when no message follows: a loss is announced by `deaf`,
 * at once followed by `listening` when the connection itself is good. A connection that was silently cut is noticed
 * within seconds.
 */
export interface Bus {
  /**
   * Resolves when the message is on its way to all listeners.
   * @throws Error when that is unknown, within the bus's own limit; the message may then have been heard or not
   */
  publish(channel: string, text: string): Promise<void>
  /**
   * Listens until closed. Deaf from the start: the first event is `listening`, or `deaf` with the reason why not. A
   * listener that throws harms nobody.
   */
  subscribe(channel: string, listener: (event: BusEvent) => void): BusSubscription
}

export interface BusSubscription {
  /** No event comes afterwards. */
  close(): Promise<void>
}
