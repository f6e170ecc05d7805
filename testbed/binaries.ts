import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const postgresVersions = '/usr/lib/postgresql'

/** The full path of a program; undefined where the machine lacks it. */
export function findBinary(name: string): string | undefined {
  for (const directory of searchPath()) {
    const path = join(directory, name)
    if (isExecutable(path)) return path
  }
  return undefined
}

/** The full path of a program that the caller cannot do without. */
export function requireBinary(name: string): string {
  const path = findBinary(name)
  if (path === undefined) throw new Error(`${name} is not installed; scripts/install-servers.sh installs it.`)
  return path
}

/** PATH, then the places where distributions put servers that ordinary users do not start. */
function searchPath(): string[] {
  const ordinary = (process.env['PATH'] ?? '').split(delimiter).filter(directory => directory !== '')
  return [...ordinary, '/usr/local/sbin', '/usr/sbin', ...postgresDirectories()]
}

function postgresDirectories(): string[] {
  try {
    const versions = readdirSync(postgresVersions).sort((one, other) => Number(other) - Number(one))
    return versions.map(version => join(postgresVersions, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
