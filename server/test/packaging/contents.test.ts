import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, it } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { root } from '../docs/pages.ts'
import { pack, packages } from './packed.ts'

const run = promisify(execFile)
const { workspaces }: { readonly workspaces: readonly string[] } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly sideEffects: boolean | readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
  readonly repository: { readonly directory: string }
  readonly dependencies: Readonly<Record<string, string>>
}

const manifestIn = (directory: string): Manifest => JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))

describe.each(packages)('the package of %s', folder => {
  const manifest = manifestIn(join(root, folder))

  it('can be imported as it says: publint finds nothing', async () => {
    const { messages, pkg } = await publint({ pkgDir: join(root, folder), strict: true, pack: 'npm' })
    expect(messages.map(message => formatMessage(message, pkg))).toEqual([])
  })

  it('has types that are found and are those of its code, wherever ES modules are read', async () => {
    await using directory = await privateDirectory('types')
    const tarball = await pack(folder, directory.path)
    const checked = await checkPackage(createPackageFromTarballData(await readFile(tarball)))
    if (checked.types === false) throw new Error('it has no types')
    // Resolution by `require`, and that of Node.js 10, know no ES modules: that they find none is meant.
    const elsewhere = ['node10', 'node16-cjs']
    const problems = checked.problems.filter(
      problem => !('resolutionKind' in problem && elsewhere.includes(problem.resolutionKind)),
    )
    expect(problems).toEqual([])
    expect(Object.keys(checked.entrypoints).length).toBeGreaterThan(1)
  })

  it('brings what it needs and nothing of the workshop', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
      cwd: join(root, folder),
      maxBuffer: 64 * 1024 * 1024,
    })
    const [packed] = Object.values<{ readonly files: readonly { readonly path: string }[] }>(JSON.parse(stdout))
    const paths = packed?.files.map(({ path }) => path) ?? []
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
    )
    expect(paths.filter(path => /(?:^|\/)(?:src|test|node_modules)\/|\.map$|tsbuildinfo|\.env/.test(path))).toEqual([])
    const needed = folder === 'library' ? 'migrations/0001_tables.sql' : 'prices.json'
    expect(paths).toContain(needed)
    expect(manifest).toMatchObject({
      license: 'Apache-2.0',
      engines: { node: '>=22.15' },
      repository: { type: 'git', directory: folder },
    })
    const ofTheCommand = [...new Set(Object.values(manifest.bin ?? {})), './dist/cli/main.js']
    expect(manifest.sideEffects).toEqual(folder === 'library' ? false : ofTheCommand)
  })
})

describe('the two packages', () => {
  it('have one version, which the server asks for, and a note for each in the next release', () => {
    const [library, server] = packages.map(folder => manifestIn(join(root, folder)))
    expect(server?.version).toBe(library?.version)
    expect(server?.dependencies['reprise']).toBe(library?.version)
    const config = JSON.parse(readFileSync(join(root, '.changeset/config.json'), 'utf8'))
    expect(config.fixed).toEqual([[library?.name, server?.name]])
    for (const note of readdirSync(join(root, '.changeset')).filter(name => /^(?!README).*\.md$/.test(name))) {
      expect(readFileSync(join(root, '.changeset', note), 'utf8')).toMatch(
        /^---\n(?:"reprise(?:-server)?": (?:major|minor|patch)\n)+---\n\n\S/,
      )
    }
  })

  it('changesets reads its configuration and notes, and releases both together', async () => {
    // It asks git, so that a small repository of its own stands in for whatever this one was checked out as.
    await using directory = await privateDirectory('changeset')
    const at = { cwd: directory.path }
    for (const path of [
      'package.json',
      'package-lock.json',
      '.changeset',
      ...workspaces.map(name => `${name}/package.json`),
    ]) {
      await cp(join(root, path), join(directory.path, path), { recursive: true })
    }
    await run('git', ['init', '--quiet', '--initial-branch=main'], at)
    await run('git', ['add', '.'], at)
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
    await run('git', [...author, 'commit', '--quiet', '--message', 'All of it'], at)
    await run(join(root, 'node_modules/.bin/changeset'), ['status', '--output', 'status.json'], at)
    const { releases } = JSON.parse(await readFile(join(directory.path, 'status.json'), 'utf8'))
    const types = new Map(
      releases.map(({ name, type }: { readonly name: string; readonly type: string }) => [name, type]),
    )
    expect(types.get('reprise')).toBeDefined()
    expect(types.get('reprise-server')).toBe(types.get('reprise'))
  })

  it('the library and all that it brings along take less than 15 MB', () => {
    const directories = dependenciesOf(join(root, 'library'))
    const bytes = [...directories].reduce((sum, directory) => sum + bytesIn(directory), 0)
    expect(directories.size).toBeGreaterThan(2)
    expect(bytes / 1e6).toBeLessThan(15)
    expect((bytes + bytesIn(join(root, 'library/dist'))) / 1e6).toBeLessThan(15)
  })
})

/** Where all that a package needs is installed, what its dependencies need included; optional peers are not. */
function dependenciesOf(directory: string, known = new Set<string>()): Set<string> {
  for (const name of Object.keys(manifestIn(directory).dependencies ?? {})) {
    const found = installed(name, directory)
    if (known.has(found)) continue
    known.add(found)
    dependenciesOf(found, known)
  }
  return known
}

function installed(name: string, from: string): string {
  const candidate = join(from, 'node_modules', name)
  if (existsSync(candidate)) return realpathSync(candidate)
  if (from === dirname(from)) throw new Error(`${name} is not installed`)
  return installed(name, dirname(from))
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesIn(path)
    return entry.name.endsWith('.map') && directory.includes('library/dist') ? sum : sum + statSync(path).size
  }, 0)
}
