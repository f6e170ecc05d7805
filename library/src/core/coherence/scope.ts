import type { KeyPrefix } from '../../base/key.ts'
import { keyPrefix, type NamespacePath, namespaceMark, tagMark } from '../../base/namespace-path.ts'
import type { KnownMark, MarkSnapshot, MarkTable } from './mark-table.ts'

/**
 * A namespace with those above it. An entry lies under the marks of all of them, and each of its tags under one mark in
 * each, so that an invalidation reaches what lies below it and nothing beside.
 */
export class Scope {
  readonly path: NamespacePath
  readonly prefix: KeyPrefix
  /** From the cache itself down to this one. */
  readonly paths: readonly NamespacePath[]
  readonly #table: MarkTable
  #own: MarkSnapshot | undefined

  constructor(table: MarkTable, path: NamespacePath, above?: Scope) {
    this.#table = table
    this.path = path
    this.prefix = keyPrefix(path)
    this.paths = [...(above?.paths ?? []), path]
  }

  /** The marks that an entry with these tags lies under, in the order in which entries are written. */
  marks(tags: readonly string[]): readonly KnownMark[] {
    const own = this.#ownMarks()
    if (tags.length === 0) return own
    return [...own, ...tags.flatMap(tag => this.paths.map(path => this.#table.get(tagMark(path, tag))))]
  }

  /** The present versions of these marks; one object for all entries without tags of the same version. */
  snapshot(tags: readonly string[]): MarkSnapshot {
    if (tags.length > 0) return this.#table.snapshot(this.marks(tags))
    const marks = this.#ownMarks()
    if (this.#own === undefined || this.#own.marks !== marks || !this.#own.isCurrent()) {
      this.#own = this.#table.snapshot(marks)
    }
    return this.#own
  }

  #ownMarks(): readonly KnownMark[] {
    const known = this.#own?.marks
    if (known?.some(mark => mark.isForgotten) === false) return known
    return this.paths.map(path => this.#table.get(namespaceMark(path)))
  }
}
