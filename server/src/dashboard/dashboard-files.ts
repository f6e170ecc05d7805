import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

/** A file of the built page, with its compressed forms, as the build left them. */
export interface DashboardFile {
  readonly type: string
  readonly plain: Buffer
  readonly encoded: Readonly<Partial<Record<'br' | 'gzip', Buffer>>>
  /** Whether its name changes with its content. */
  readonly isHashed: boolean
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Reads the built page, once: a few hundred kilobytes.
 * @returns by path below the page's own, such as `assets/main-4f0c.js`; empty where it was not built
 */
export function readDashboardFiles(directory: string): ReadonlyMap<string, DashboardFile> {
  const files = new Map<string, DashboardFile>()
  if (!existsSync(directory)) return files
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(path)]
    if (type === undefined) continue
    const whole = join(directory, path)
    const encoded = Object.fromEntries(
      [['br', `${whole}.br`] as const, ['gzip', `${whole}.gz`] as const].flatMap(([encoding, file]) =>
        existsSync(file) ? [[encoding, readFileSync(file)]] : [],
      ),
    )
    const name = path.replaceAll('\\', '/')
    files.set(name, { type, plain: readFileSync(whole), encoded, isHashed: name.startsWith('assets/') })
  }
  return files
}
