/** PostgreSQL's own parser, once it is there. */
let parse: ((text: string) => unknown) | undefined
let loading: Promise<void> | undefined

/** Loads PostgreSQL's parser, some 10 ms, once; until then statements are read by their words. */
export function loadPostgresParser(): Promise<void> {
  loading ??= import('libpg-query').then(async ({ loadModule, parseSync }) => {
    await loadModule()
    parse = parseSync
  })
  return loading
}

/** Whether statements are read by the parser. */
export function hasPostgresParser(): boolean {
  return parse !== undefined
}

/** The tree of a text; undefined where it is no SQL, or the parser is not there yet. */
export function parsePostgres(text: string): unknown {
  try {
    return parse?.(text)
  } catch {
    return undefined
  }
}
