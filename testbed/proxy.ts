import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'

export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** How many connections go through it now. */
  readonly connections: number
  /** How many connections were made since it started. */
  readonly accepted: number
  /** Each piece of data arrives this much later, in both directions. */
  setDelay(delayMs: number): void
  /** While half-open, connections are taken and stay, but nothing is passed on; afterwards what was held goes through. */
  setHalfOpen(halfOpen: boolean): void
  /** Whether new connections are refused; those that stand go on. */
  setRefusing(refusing: boolean): Promise<void>
  /** Breaks all connections with a reset. */
  cut(): void
  stop(): Promise<void>
}

/** A TCP proxy before a server on 127.0.0.1, to make its network slow or broken. */
export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  let delayMs = 0
  let halfOpen = false
  let accepted = 0
  let wake: (() => void)[] = []
  let server: Server | undefined = await listen()

  function listen(): Promise<Server> {
    return new Promise((resolve, reject) => {
      const listening = createServer(join)
      listening.once('error', reject)
      listening.listen(port, '127.0.0.1', () => resolve(listening))
    })
  }

  function join(client: Socket): void {
    accepted += 1
    const target = connect(targetPort, '127.0.0.1')
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      passOn(from, to)
    }
  }

  /** Piece after piece, so that a delay neither reorders nor loses anything. */
  function passOn(from: Socket, to: Socket): void {
    const due: { readonly piece: Buffer; readonly at: number }[] = []
    let busy = false
    from.on('data', async (piece: Buffer) => {
      due.push({ piece, at: Date.now() + delayMs })
      if (busy) return
      busy = true
      for (let next = due.shift(); next !== undefined; next = due.shift()) {
        const waitMs = next.at - Date.now()
        if (waitMs > 0) await sleep(waitMs)
        while (halfOpen) await new Promise<void>(resolve => wake.push(resolve))
        if (!to.destroyed) to.write(next.piece)
      }
      busy = false
    })
  }

  function setHalfOpen(value: boolean): void {
    halfOpen = value
    if (halfOpen) return
    const waiting = wake
    wake = []
    for (const resolve of waiting) resolve()
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  async function stop(): Promise<void> {
    server?.close()
    server = undefined
    cut()
    setHalfOpen(false)
  }
  return {
    port,
    get connections() {
      return sockets.size / 2
    },
    get accepted() {
      return accepted
    },
    setDelay: value => {
      delayMs = value
    },
    setHalfOpen,
    setRefusing: async refusing => {
      if (refusing) {
        server?.close()
        server = undefined
      } else server ??= await listen()
    },
    cut,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
