import { execFileSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guard } from './guardian.ts'

/** An account of this machine. */
export interface User {
  readonly uid: number
  readonly gid: number
}

export interface PrivateDirectory extends AsyncDisposable {
  readonly path: string
}

/** A new directory that only its owner enters, removed when disposed of and when this process ends. */
export async function privateDirectory(purpose: string, owner?: User): Promise<PrivateDirectory> {
  const path = await mkdtemp(join(tmpdir(), `reprise-${purpose}-`))
  guard.directory(path)
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid)
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
      guard.removed(path)
    },
  }
}

/** Whom servers run as that refuse to run as root; undefined when this process is not root. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  return accountNamed('postgres') ?? accountNamed('nobody')
}

function accountNamed(name: string): User | undefined {
  try {
    const ask = (option: string) => Number(execFileSync('id', [option, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: ask('-u'), gid: ask('-g') }
  } catch {
    return undefined
  }
}
