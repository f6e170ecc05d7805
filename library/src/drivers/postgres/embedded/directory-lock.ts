import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'

export interface DirectoryLock {
  release(): void
}

interface Owner {
  readonly pid: number
  readonly startedAt: string
}

const busy = 5

/**
 * Takes a directory for this process alone. The kernel holds the lock (on the file `lock`, through SQLite, the one part
 * of Node that can ask for it) and drops it when the process ends, however it ends: nothing can be left behind, a
 * number of a process that was given anew deceives nobody, and two containers that share a volume see each other.
 * `owner.json` beside it only serves to say who it is.
 * @throws RepriseError `directory_locked`, or `database_unavailable` when the directory cannot be used at all
 */
export function lockDirectory(directory: string): DirectoryLock {
  const ownerPath = join(directory, 'owner.json')
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 })
    lock.exec('BEGIN EXCLUSIVE')
    writeFileSync(ownerPath, JSON.stringify(thisProcess()))
  } catch (error) {
    lock?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) throw locked(directory, ownerPath)
    throw new RepriseError(
      'database_unavailable',
      `The directory ${directory} of the embedded database cannot be used (${messageOf(error)}). Name a directory that this user can write to.`,
      { cause: error },
    )
  }
  const held = lock
  return {
    release: () => {
      try {
        rmSync(ownerPath, { force: true })
      } finally {
        held.close()
      }
    },
  }
}

function thisProcess(): Owner {
  return { pid: process.pid, startedAt: new Date(performance.timeOrigin).toISOString() }
}

function locked(directory: string, ownerPath: string): RepriseError {
  return new RepriseError(
    'directory_locked',
    `${describeOwner(ownerPath)} uses the embedded database in ${directory}, and two would destroy it. Stop that process, choose another directory, or share a real PostgreSQL between them.`,
  )
}

function describeOwner(ownerPath: string): string {
  try {
    // Written by `thisProcess`, perhaps of another version: a missing field reads as undefined and is only shown.
    const { pid, startedAt } = JSON.parse(readFileSync(ownerPath, 'utf8')) as Owner
    return `Process ${pid} (started ${startedAt})`
  } catch {
    return 'Another process'
  }
}
