import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type PrivateDirectory, privateDirectory, type User } from '../private-directory.ts'

const run = promisify(execFile)

export interface TemplateOptions {
  /** Of the server, for the directory. */
  readonly name: string
  /** The program that makes it; another version makes another template. */
  readonly binary: string
  readonly versionArgs: readonly string[]
  readonly user: User | undefined
  /** Makes the data at a path that is not there yet, in a directory that is the user's. */
  readonly make: (data: string, directory: string) => Promise<unknown>
}

/**
 * A copy of a server's first data. Making them takes seconds, copying them a tenth: the first are kept in the temporary
 * directory for all later ones.
 */
export async function copyOfTemplate(options: TemplateOptions, to: string): Promise<void> {
  await run('cp', ['-R', '-p', await keptTemplate(options), to], { cwd: dirname(to), ...options.user })
}

async function keptTemplate({ name, binary, versionArgs, user, make }: TemplateOptions): Promise<string> {
  const { stdout: version } = await run(binary, [...versionArgs])
  const owner = user?.uid ?? process.getuid?.() ?? 0
  const mark = createHash('sha256').update(`${binary} ${version} ${owner}`).digest('hex').slice(0, 12)
  const kept = join(tmpdir(), `reprise-${name}-template-${mark}`)
  if (existsSync(kept)) return kept
  await using fresh: PrivateDirectory = await privateDirectory(`${name}-template`, user)
  const data = join(fresh.path, 'data')
  await make(data, fresh.path)
  await rename(data, kept).catch(async error => {
    // Another process was faster; its data are as good.
    if (!existsSync(kept)) throw error
    await rm(data, { recursive: true, force: true })
  })
  return kept
}
