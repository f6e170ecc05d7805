import type { PoolClient, QueryResult } from 'pg'
import { cancelStatement } from './cancel-statement.ts'
import { isConnectionError, type Risk, translate, unavailable } from './postgres-errors.ts'

export interface Exchange {
  readonly text: string
  readonly values?: readonly unknown[]
  /** After this time the statement is cancelled and the connection given up; `undefined` waits as long as it takes. */
  readonly limitMs: number | undefined
  readonly risk: Risk
}

/** One connection of the pool while somebody has it. */
export class PostgresConnection {
  readonly #client: PoolClient
  #isLost = false

  constructor(client: PoolClient) {
    this.#client = client
    // Without a listener, an error between two statements would end the process.
    client.on('error', this.#lose)
    client.on('end', this.#lose)
  }

  /** Whether the connection broke, so that nothing more can be sent over it. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Sends a statement and waits for its result, with errors as a `Database` promises them. */
  async exchange({ text, values, limitMs, risk }: Exchange): Promise<QueryResult> {
    if (this.#isLost) throw unavailable(new Error('Connection terminated before the statement was sent'))
    try {
      const answer = this.#send(text, values)
      return await (limitMs === undefined ? answer : this.#within(limitMs, answer))
    } catch (error) {
      if (isConnectionError(error)) this.#lose()
      throw translate(error, risk)
    }
  }

  /**
   * By callback: V8 puts a function that is assigned to a property among what lives long, as pg does for a promise, and all
   * that it leads to, the whole result, would stay until the next full collection of garbage.
   */
  #send(text: string, values: readonly unknown[] | undefined): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null, result: QueryResult) => (error ? reject(error) : resolve(result))
      // Without a name the statement is prepared and forgotten, so that any backend behind a pooler can take the next.
      if (values === undefined) this.#client.query(text, settle)
      else this.#client.query(text, [...values], settle)
    })
  }

  /** Gives the connection back to the pool, or ends it when it is of no more use. */
  release(keep: boolean): void {
    this.#client.off('error', this.#lose)
    this.#client.off('end', this.#lose)
    this.#client.release(!keep || this.#isLost)
  }

  readonly #lose = (): void => {
    this.#isLost = true
  }

  async #within<Result>(limitMs: number, answer: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        cancelStatement(this.#client)
        reject(new Error(`timeout after ${limitMs} ms`))
      }, limitMs)
    })
    try {
      return await Promise.race([answer, limit])
    } finally {
      clearTimeout(timer)
    }
  }
}
