import { expected, readNames } from '../../base/option-reading.ts'

/** What a database does beyond the tables that a statement names. Names are compared without schema and case. */
export interface Relations {
  /** What reading something reads as well: a view its tables. `{ active_users: ['users', 'sessions'] }` */
  readonly reads?: Readonly<Record<string, readonly string[]>>
  /** What writing a table changes as well, by cascade, trigger or partition. `{ users: ['orders'] }` */
  readonly writes?: Readonly<Record<string, readonly string[]>>
  /** What functions read and write. `{ transfer: { writes: ['accounts'] } }` */
  readonly functions?: Readonly<
    Record<string, { readonly reads?: readonly string[]; readonly writes?: readonly string[] }>
  >
}

const names: ReadonlySet<string> = new Set(['reads', 'writes', 'functions'])
const functionNames: ReadonlySet<string> = new Set(['reads', 'writes'])

type Links = ReadonlyMap<string, readonly string[]>

/** Relations, followed to their end. */
export class TableRelations {
  readonly #reads: Links
  readonly #writes: Links
  readonly #functions: ReadonlyMap<string, { readonly reads: readonly string[]; readonly writes: readonly string[] }>

  /** @throws RepriseError `invalid_option` */
  constructor(relations: Relations) {
    readNames(relations, names, 'relations')
    this.#reads = linksOf(relations.reads ?? {}, 'relations.reads')
    this.#writes = linksOf(relations.writes ?? {}, 'relations.writes')
    this.#functions = new Map(
      Object.entries(relations.functions ?? {}).map(([name, of]) => {
        readNames(of, functionNames, `relations.functions.${name}`)
        const { reads = [], writes = [] } = of
        return [bare(name), { reads: listed(reads, name), writes: listed(writes, name) }]
      }),
    )
  }

  /** Tables with all that reading them reads. */
  readWith(tables: readonly string[], functions: readonly string[] = []): string[] {
    const called = functions.flatMap(name => this.#functions.get(bare(name))?.reads ?? [])
    return follow([...tables, ...called], this.#reads)
  }

  /** Tables with all that writing them changes. */
  writtenWith(tables: readonly string[], functions: readonly string[] = []): string[] {
    const called = functions.flatMap(name => this.#functions.get(bare(name))?.writes ?? [])
    return follow([...tables, ...called], this.#writes)
  }
}

function follow(tables: readonly string[], links: Links): string[] {
  const reached = new Set(tables)
  // A set visits what is added while it is gone through.
  if (links.size > 0) for (const table of reached) for (const next of links.get(bare(table)) ?? []) reached.add(next)
  return [...reached]
}

function linksOf(given: Readonly<Record<string, readonly string[]>>, field: string): Links {
  if (typeof given !== 'object' || given === null) throw expected(field, 'an object of lists of tables', given)
  return new Map(Object.entries(given).map(([name, tables]) => [bare(name), listed(tables, `${field}.${name}`)]))
}

function listed(tables: unknown, field: string): readonly string[] {
  if (Array.isArray(tables) && tables.every(table => typeof table === 'string')) return tables
  throw expected(field, 'a list of names of tables', tables)
}

function bare(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase()
}
