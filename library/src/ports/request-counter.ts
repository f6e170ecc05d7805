/** Counts requests by who makes them, over all processes that share it. */
export interface RequestCounter {
  /**
   * Counts one more request of a caller. The window begins with the first one.
   * @throws RepriseError when it cannot be reached, within its own small limit
   */
  count(caller: string, windowMs: number): Promise<RequestCount>
}

export interface RequestCount {
  /** How many there were in this window, this one included. */
  readonly requests: number
  /** When the window ends. */
  readonly leftMs: number
}
