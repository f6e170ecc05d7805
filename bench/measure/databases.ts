import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PostgresServer } from '../../testbed/servers/postgres.ts'
import { repriseMain } from '../../testbed/servers/reprise.ts'

const run = promisify(execFile)

/** A database that ends with its block. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string
}

/** Databases of one PostgreSQL server: filled once as a template, copied for each round, so that all rounds start alike. */
export class Databases {
  readonly #server: PostgresServer
  #copies = 0

  constructor(server: PostgresServer) {
    this.#server = server
  }

  /** Makes a template with the tables of Reprise, then runs an SQL script in it with these psql variables. */
  async makeTemplate(name: string, script: string, variables: Readonly<Record<string, number>>): Promise<void> {
    await this.#psql('postgres', ['-c', `CREATE DATABASE ${name}`])
    await run(process.execPath, [repriseMain, 'migrate'], { env: { DATABASE_URL: this.#url(name) } })
    const defined = Object.entries(variables).flatMap(([variable, value]) => ['-v', `${variable}=${value}`])
    await this.#psql(name, [...defined, '-f', script])
    await this.#psql(name, ['-c', 'VACUUM (ANALYZE, FREEZE)'])
  }

  /** A copy of a template, with everything before it written to the disk. */
  async copy(template: string): Promise<FreshDatabase> {
    this.#copies += 1
    const name = `round_${this.#copies}`
    await this.#psql('postgres', ['-c', `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`])
    await this.#psql('postgres', ['-c', 'CHECKPOINT'])
    return {
      url: this.#url(name),
      [Symbol.asyncDispose]: () => this.#psql('postgres', ['-c', `DROP DATABASE ${name} WITH (FORCE)`]),
    }
  }

  #url(database: string): string {
    return this.#server.url.replace(/postgres$/, database)
  }

  async #psql(database: string, args: readonly string[]): Promise<void> {
    const flags = ['-X', '-q', '-v', 'ON_ERROR_STOP=1']
    await run(join(this.#server.binaries, 'psql'), [...flags, ...args, this.#url(database)])
  }
}
