/**
 * Makes the data directory that the embedded database starts from, as `template.zst` beside the module that unpacks it.
 * Does nothing when it was made from the same PGlite and the same sources.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src/drivers/postgres/embedded/thread', import.meta.url))
const target = fileURLToPath(new URL('../dist/drivers/postgres/embedded/thread', import.meta.url))
const templatePath = join(target, 'template.zst')
const madeFromPath = join(target, 'template.made-from')

const madeFrom = await fingerprint()
const isUpToDate = existsSync(templatePath) && (await readFile(madeFromPath, 'utf8').catch(() => '')) === madeFrom
if (!isUpToDate) await make()

async function make(): Promise<void> {
  const { initialise } = await import('../src/drivers/postgres/embedded/thread/data-directory.ts')
  const { packDirectory } = await import('../src/drivers/postgres/embedded/thread/directory-archive.ts')
  const directory = await mkdtemp(join(tmpdir(), 'reprise-template-'))
  try {
    await initialise(directory)
    await mkdir(target, { recursive: true })
    await writeFile(`${templatePath}.unfinished`, await packDirectory(directory))
    await rename(`${templatePath}.unfinished`, templatePath)
    await writeFile(madeFromPath, madeFrom)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  const files = ['data-directory.ts', 'directory-archive.ts', 'engine-settings.ts'].map(name => join(source, name))
  for (const path of [createRequire(import.meta.url).resolve('@electric-sql/pglite/pglite.wasm'), ...files]) {
    hash.update(await readFile(path))
  }
  return hash.digest('hex')
}
