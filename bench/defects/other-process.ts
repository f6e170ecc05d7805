import { type ChildProcess, fork } from 'node:child_process'
import type { Library, Setting } from './library.ts'
import type { Order } from './worker.ts'

interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** A process of its own with the library in it, that does what it is told. */
export class OtherProcess implements Disposable {
  readonly #child: ChildProcess = fork(new URL('./worker.ts', import.meta.url), { serialization: 'advanced' })
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #orders = 0

  constructor() {
    this.#child.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply)
      this.#waiting.delete(reply.id)
    })
    this.#child.once('exit', () => {
      for (const [id, settle] of this.#waiting) settle({ id, error: 'the other process ended' })
    })
  }

  static async open(library: Library, setting: Setting): Promise<OtherProcess> {
    const process = new OtherProcess()
    await process.tell({ do: 'open', library: library.name, setting })
    return process
  }

  tell(order: Order): Promise<unknown> {
    const id = ++this.#orders
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error))))
      this.#child.send({ id, order })
    })
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}
