import { type Duration, parseDuration } from '../../base/duration.ts'
import { matchesGlob } from '../../base/glob.ts'
import { expected } from '../../base/option-reading.ts'
import { isPlainPath, normalTarget } from './rules/target.ts'

export interface PathOptions {
  /** How long a response is kept that says nothing of it, where its path is among `cachePaths`. Default: not at all. */
  readonly defaultTtl?: Duration
  /** Paths that `defaultTtl` is meant for, as globs: `"/articles/*"`. Needed with `defaultTtl`. */
  readonly cachePaths?: readonly string[]
  /** Paths that the cache leaves alone, whatever responses say, as globs. They win over `cachePaths`. Default: none. */
  readonly excludePaths?: readonly string[]
}

export const pathOptionNames: ReadonlySet<string> = new Set(['defaultTtl', 'cachePaths', 'excludePaths'])

/** What the options say of one path. */
export interface PathRule {
  readonly isExcluded: boolean
  readonly defaultTtlMs: number | undefined
}

const noRule: PathRule = { isExcluded: false, defaultTtlMs: undefined }
const exclusion: PathRule = { isExcluded: true, defaultTtlMs: undefined }

/**
 * Reads path options into a function of the path, which is given without its query.
 * @throws RepriseError `invalid_option`
 */
export function readPathRules({ defaultTtl, cachePaths, excludePaths }: PathOptions): (path: string) => PathRule {
  const ttlMs = defaultTtl === undefined ? undefined : parseDuration(defaultTtl, 'defaultTtl')
  const named = readGlobs(cachePaths ?? [], 'cachePaths')
  const excluded = readGlobs(excludePaths ?? [], 'excludePaths')
  if (ttlMs !== undefined && named.length === 0) {
    throw expected('cachePaths', 'given with defaultTtl: name the paths it is meant for, ["/*"] for all', cachePaths)
  }
  const rule: PathRule = { isExcluded: false, defaultTtlMs: ttlMs }
  return path => {
    if (excluded.length > 0) {
      const normal = normalTarget(path)
      if (excluded.some(glob => matchesGlob(glob, path) || matchesGlob(glob, normal))) return exclusion
    }
    // Of a path that programs read differently nobody can say that it was named.
    return named.some(glob => matchesGlob(glob, path)) && isPlainPath(path) ? rule : noRule
  }
}

function readGlobs(value: unknown, field: string): readonly string[] {
  const isList = Array.isArray(value) && value.every(glob => typeof glob === 'string' && /^[/*]/.test(glob))
  if (!isList) throw expected(field, 'a list of paths such as "/articles/*"', value)
  // Just seen to be texts.
  return value as readonly string[]
}
