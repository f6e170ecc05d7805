import { spawn } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { root } from '../docs/pages.ts'

interface Manifest {
  readonly name: string
  readonly version: string
}

interface Held extends Manifest {
  /** Where it is installed. */
  readonly directory: string
  readonly manifest: Manifest
}

export interface LocalRegistry extends AsyncDisposable {
  readonly url: string
}

/**
 * What npm takes for a registry: it offers every package that is installed in this repository, in the versions of the lock
 * file, so that an installation elsewhere needs no network.
 */
export async function startLocalRegistry(): Promise<LocalRegistry> {
  const held = Map.groupBy(installedPackages(), ({ name }) => name)
  const server = createServer((request, answer) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const [name = '', version] = path.split('/-/')
    const versions = held.get(name) ?? []
    const asked = versions.find(each => each.version === version)
    if (asked !== undefined) {
      // npm finds out for itself that this is not compressed, which saves the time.
      const tar = spawn('tar', [
        '-c',
        '--exclude=./node_modules',
        '--transform=s,^\\.,package,',
        '-C',
        asked.directory,
        '.',
      ])
      tar.stdout.pipe(answer)
    } else if (versions.length > 0 && version === undefined) {
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify(offer(name, versions, `http://${request.headers.host}`)))
    } else {
      answer.writeHead(404).end('{}')
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function offer(name: string, versions: readonly Held[], host: string): unknown {
  const latest = versions[0]?.version
  return {
    name,
    'dist-tags': { latest },
    versions: Object.fromEntries(
      versions.map(({ version, manifest }) => {
        const tarball = `${host}/${encodeURIComponent(name)}/-/${version}`
        return [version, { ...manifest, scripts: {}, dist: { tarball } }]
      }),
    ),
  }
}

/** All that the lock file names and that is installed here; what is for other machines is not. */
function installedPackages(): readonly Held[] {
  const lock: { readonly packages: Readonly<Record<string, unknown>> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  )
  return Object.keys(lock.packages).flatMap(path => {
    const directory = join(root, path)
    if (!path.includes('node_modules/') || lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
      return []
    const manifest: Manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
    return [{ name: manifest.name, version: manifest.version, directory, manifest }]
  })
}
