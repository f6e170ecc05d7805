import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPage, root } from './pages.ts'

type Versions = Readonly<Record<string, string>>

interface Manifest {
  readonly license: string
  readonly dependencies?: Versions
  readonly devDependencies?: Versions
  readonly optionalDependencies?: Versions
  readonly peerDependencies?: Versions
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest
}

const page = readPage('docs/dependencies.md')
const rows = page.split('\n').flatMap(line => {
  if (!line.startsWith('| `')) return []
  const [, name = '', version, , , licence] = line.split('|').map(cell => cell.replaceAll('`', '').trim())
  return [{ name, version, licence }]
})

const manifests = ['package.json', 'library/package.json', 'server/package.json', 'dashboard/package.json']

describe('docs/dependencies.md', () => {
  it.each(manifests)('names all that %s asks for', path => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = readManifest(path)
    const asked = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies }
    const missing = Object.entries(asked).filter(
      ([name, version]) => !rows.some(row => row.name === name && row.version === version),
    )
    expect(missing).toEqual([])
    const installed = { ...dependencies, ...devDependencies, ...optionalDependencies }
    expect(Object.entries(installed).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })

  it('names nothing that nobody asks for, and the licences that the packages have', () => {
    const asked = manifests
      .map(readManifest)
      .flatMap(manifest => [
        ...Object.keys(manifest.dependencies ?? {}),
        ...Object.keys(manifest.devDependencies ?? {}),
        ...Object.keys(manifest.optionalDependencies ?? {}),
        ...Object.keys(manifest.peerDependencies ?? {}),
      ])
    expect(rows.filter(({ name }) => !asked.includes(name))).toEqual([])
    const installed = rows.filter(({ name }) => existsSync(join(root, 'node_modules', name, 'package.json')))
    const wrong = installed.filter(
      ({ name, licence }) => readManifest(`node_modules/${name}/package.json`).license !== licence,
    )
    expect(wrong).toEqual([])
  })

  it('says rightly that no package runs a script when it is installed', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
    }
    const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(scripted.map(([path]) => path)).toEqual([])
  })
})
