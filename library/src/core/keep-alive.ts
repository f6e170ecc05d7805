/** Far beyond any call; the timer is there to be seen by the process, not to fire. */
const longMs = 2 ** 30

let timer: NodeJS.Timeout | undefined
let underWay = 0

/**
 * A call began that somebody waits for: until `callEnded` the process does not end by itself, though all that the call
 * waits with (timers, connections) would let it.
 */
export function callBegan(): void {
  underWay += 1
  if (underWay > 1) return
  if (timer === undefined) timer = setInterval(() => {}, longMs)
  else timer.ref()
}

export function callEnded(): void {
  underWay -= 1
  if (underWay === 0) timer?.unref()
}
