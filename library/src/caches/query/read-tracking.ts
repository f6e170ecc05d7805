import { AsyncLocalStorage } from 'node:async_hooks'
import type { LoadContext } from '../../core/load/loader.ts'
import type { UnkeptReason } from './query-events.ts'
import { anyTableTag, tableTag } from './query-tags.ts'

/** An entry lies under so many tables and inner queries at most. */
const mostLinks = 50

/** What one run of a cached query reads: takes the fences of its tables before they are read. */
export class ReadTracking {
  /** The query cache that it belongs to. */
  readonly owner: object
  readonly query: string
  readonly tables = new Set<string>()
  /** The tags of inner queries. */
  readonly #tags = new Set<string>()
  readonly #context: LoadContext
  /** The cached query that this one runs in: what is read here is read for that one too. */
  readonly #around: ReadTracking | undefined
  #unkept: UnkeptReason | undefined

  constructor(owner: object, query: string, context: LoadContext, around: ReadTracking | undefined) {
    this.owner = owner
    this.query = query
    this.#context = context
    this.#around = around
  }

  /** Why the result must not be kept, nor given to others. */
  get unkept(): UnkeptReason | undefined {
    return this.#unkept
  }

  /** The tags of inner queries that this one was made of. */
  get innerTags(): readonly string[] {
    return [...this.#tags]
  }

  /** The tables are about to be read. Where a promise is answered, only after it. */
  hold(tables: readonly string[]): Promise<void> | undefined {
    for (const table of tables) this.tables.add(table)
    return both(this.#hold([anyTableTag, ...tables.map(tableTag)]), this.#around?.hold(tables))
  }

  /** An inner query was answered, from the cache or not. */
  holdInner(tables: readonly string[], tags: readonly string[]): Promise<void> | undefined {
    for (const tag of tags) this.#tags.add(tag)
    const held = both(this.#hold(tags), this.#around?.holdInner([], tags))
    return tables.length > 0 ? both(held, this.hold(tables)) : held
  }

  refuse(reason: UnkeptReason): void {
    this.#unkept ??= reason
    this.#around?.refuse(reason)
  }

  #hold(tags: readonly string[]): Promise<void> | undefined {
    if (this.tables.size + this.#tags.size > mostLinks) this.refuse('too_many_tables')
    return this.#unkept === undefined ? this.#context.holdTags(tags) : undefined
  }
}

function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Promise.all([one, other]).then(() => undefined)
}

/** The cached query that the present code runs for. */
export const runningRead = new AsyncLocalStorage<ReadTracking | undefined>()

/** Whether cached queries call through. */
export const callingThrough = new AsyncLocalStorage<boolean>()
