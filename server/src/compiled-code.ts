import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Keeps compiled code from one start to the next, which saves a tenth of it. Not in Node's own place, a folder of that
 * name in /tmp, where somebody else may have laid something; where there is no home, nothing is kept.
 */
export function keepCompiledCode(): void {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  enableCompileCache(join(caches, 'reprise', 'compiled'))
}
