import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../docs/pages.ts'

const run = promisify(execFile)

/** The packages that are published. */
export const packages = ['library', 'server'] as const
export type PackageFolder = (typeof packages)[number]

/** Packs a package as `npm publish` would, into a directory; resolves to the tarball. */
export async function pack(folder: PackageFolder, into: string): Promise<string> {
  await run('npm', ['pack', '--pack-destination', into, '--ignore-scripts', '--loglevel=error'], {
    cwd: join(root, folder),
  })
  const prefix = folder === 'library' ? /^reprise-\d/ : /^reprise-server-\d/
  const tarball = (await readdir(into)).find(name => prefix.test(name))
  if (tarball === undefined) throw new Error(`npm packed no ${folder}`)
  return join(into, tarball)
}
