import type { TransactionControl } from '../../sql/statement.ts'

/** Tables written; `all` where it is unknown which. */
export interface Written {
  readonly tables: ReadonlySet<string>
  readonly all: boolean
}

interface Layer {
  /** Of the savepoint that it begins at; undefined for the transaction itself. */
  readonly savepoint: string | undefined
  readonly tables: Set<string>
  all: boolean
}

/** What a connection has written and not yet committed, by savepoint. */
export class TransactionWrites {
  #layers: Layer[] = []
  /** MySQL's autocommit = 0: what is written is in a transaction though none was begun. */
  isAutocommit = true
  #isBegun = false

  /** Whether what is written now waits for a commit. */
  get isOpen(): boolean {
    return this.#isBegun || !this.isAutocommit
  }

  /** The server says that a transaction is open, or is none any more. */
  set isBegun(isBegun: boolean) {
    this.#isBegun = isBegun
  }

  get isBegun(): boolean {
    return this.#isBegun
  }

  add(tables: Iterable<string>, all: boolean): void {
    const layer = this.#top()
    for (const table of tables) layer.tables.add(table)
    layer.all ||= all
  }

  /** Does what a statement said; answers what was committed by it. */
  control(control: TransactionControl): Written | undefined {
    switch (control.kind) {
      case 'begin':
        // MySQL commits what went before; in PostgreSQL it still waits, and is dropped once more then.
        this.#isBegun = true
        return this.#waiting()
      case 'commit':
      case 'implicit_commit':
        this.#isBegun = false
        return this.take()
      case 'rollback':
        this.#isBegun = false
        this.#layers = []
        return undefined
      case 'autocommit':
        this.isAutocommit = control.isOn
        return control.isOn ? this.take() : undefined
      case 'savepoint':
        this.#layers.push({ savepoint: control.name, tables: new Set(), all: false })
        return undefined
      case 'release':
        this.#release(control.name)
        return undefined
      case 'rollback_to': {
        const place = this.#placeOf(control.name)
        if (place < 0) return undefined
        this.#layers = this.#layers.slice(0, place)
        this.#layers.push({ savepoint: control.name, tables: new Set(), all: false })
        return undefined
      }
    }
  }

  /** All that waits for a commit, which is then gone. Undefined when there is nothing. */
  take(): Written | undefined {
    const waiting = this.#waiting()
    this.#layers = []
    return waiting
  }

  #waiting(): Written | undefined {
    const tables = new Set(this.#layers.flatMap(layer => [...layer.tables]))
    const all = this.#layers.some(layer => layer.all)
    return tables.size > 0 || all ? { tables, all } : undefined
  }

  /** What was written since a savepoint now belongs to what went before it. */
  #release(name: string): void {
    const place = this.#placeOf(name)
    if (place < 0) return
    const released = this.#layers.slice(place)
    this.#layers = this.#layers.slice(0, place)
    for (const { tables, all } of released) this.add(tables, all)
  }

  #placeOf(savepoint: string): number {
    return this.#layers.findLastIndex(layer => layer.savepoint === savepoint)
  }

  #top(): Layer {
    const top = this.#layers.at(-1)
    if (top !== undefined) return top
    const first: Layer = { savepoint: undefined, tables: new Set(), all: false }
    this.#layers.push(first)
    return first
  }
}
