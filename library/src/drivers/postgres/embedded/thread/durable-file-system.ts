import { fdatasyncSync, fstatSync } from 'node:fs'
import type { Filesystem } from '@electric-sql/pglite/basefs'
import { NodeFS } from '@electric-sql/pglite/nodefs'

interface OpenFile {
  /** Node's descriptor, for files and directories alike. */
  readonly nfd: number
}

/** The part of Emscripten's module that is met here; its own types do not name the file systems. */
interface FileSystems {
  readonly NODEFS: { readonly stream_ops: { fsync?: (file: OpenFile) => number } }
}

/**
 * PostgreSQL's files in a real directory, where fsync means fsync. Emscripten asks the file system of each file for an
 * `fsync`, and its own for Node has none, so that PostgreSQL would be told "done" while nothing was on the disk. Its
 * fdatasync asks nobody at all: PostgreSQL has to run with `wal_sync_method=fsync`.
 *
 * When the disk refuses to sync, nobody knows what it kept, and a second try would lie: `onFailure` has to end
 * PostgreSQL, which then recovers from its log.
 */
export function durableFileSystem(directory: string, onFailure: (error: unknown) => never): Filesystem {
  const files = new NodeFS(directory)
  return {
    init: async (pglite, options) => {
      const { emscriptenOpts } = await files.init(pglite, options)
      const routeSync = (module: unknown) => {
        // Emscripten hands its module to each of these functions, and PGlite builds it with NODEFS.
        const { NODEFS } = module as FileSystems
        NODEFS.stream_ops.fsync = ({ nfd }) => {
          try {
            fdatasyncSync(nfd)
          } catch (error) {
            // Some systems sync the entries of a directory by themselves and refuse to be asked.
            if (!fstatSync(nfd).isDirectory()) onFailure(error)
          }
          return 0
        }
      }
      return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), routeSync] } }
    },
    syncToFs: () => files.syncToFs(),
    initialSyncFs: () => files.initialSyncFs(),
    dumpTar: (name, compression) => files.dumpTar(name, compression),
    closeFs: () => files.closeFs(),
  }
}
