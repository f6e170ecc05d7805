import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

interface Contents {
  /** Paths with `/`, an outer one before its inner ones. */
  readonly directories: readonly string[]
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

const { ZSTD_c_compressionLevel } = constants
const lengthBytes = 4

/** Packs all files of a directory into one: a list of names as JSON, its length before it, all bytes behind it; zstd. */
export async function packDirectory(directory: string): Promise<Uint8Array> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const pathOf = (entry: (typeof entries)[number]) =>
    join(entry.parentPath, entry.name)
      .slice(directory.length + 1)
      .replaceAll(sep, '/')
  const directories = entries.filter(entry => entry.isDirectory()).map(pathOf)
  const paths = entries.filter(entry => entry.isFile()).map(pathOf)
  const bytes = await Promise.all(paths.map(path => readFile(join(directory, path))))
  const files = paths.map((path, index) => ({ path, size: bytes[index]?.length ?? 0 }))
  const contents: Contents = { directories: directories.sort(), files }
  const header = Buffer.from(JSON.stringify(contents))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32LE(header.length)
  return zstdCompressSync(Buffer.concat([length, header, ...bytes]), { params: { [ZSTD_c_compressionLevel]: 12 } })
}

/** Unpacks into a directory that is there and empty. */
export async function unpackDirectory(archive: Uint8Array, directory: string): Promise<void> {
  const unpacked = zstdDecompressSync(archive)
  let offset = lengthBytes + unpacked.readUInt32LE()
  // Written by `packDirectory` and shipped with this very file.
  const contents = JSON.parse(unpacked.toString('utf8', lengthBytes, offset)) as Contents
  for (const path of contents.directories) await mkdir(join(directory, path), { mode: 0o700 })
  const writes = contents.files.map(({ path, size }) => {
    const bytes = unpacked.subarray(offset, offset + size)
    offset += size
    return writeFile(join(directory, path), bytes, { flag: 'wx', mode: 0o600 })
  })
  await Promise.all(writes)
}
