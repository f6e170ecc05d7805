/** A target that means the same for everybody who reads it: no dots, no doubtful encoding (see `isPlainPath`). */
const unreserved = /[A-Za-z0-9\-._~]/

/**
 * Path and query in normal form (RFC 3986 6.2.2): letters of escapes upper case, unreserved characters not escaped, dot
 * segments resolved. The path's other characters and the query's order are left alone, as they may mean something.
 * @example normalTarget('/a/./b/../%7euser?x=%2f') // '/a/~user?x=%2F'
 */
export function normalTarget(target: string): string {
  const withoutFragment = target.split('#', 1)[0] ?? ''
  if (isNormal(withoutFragment)) return withoutFragment
  const at = withoutFragment.indexOf('?')
  const path = at < 0 ? withoutFragment : withoutFragment.slice(0, at)
  const query = at < 0 ? '' : withoutFragment.slice(at)
  return removeDots(normalEscapes(path)) + normalEscapes(query)
}

/**
 * Whether routers and caches are sure to read a path alike. An escaped slash or backslash, a dot segment, a control
 * character or a path parameter is read differently by different programs, which is how a cache is deceived into keeping
 * one page under the name of another.
 */
export function isPlainPath(path: string): boolean {
  return !/%(?:2f|5c|2e|0|1|7f|3b|23|3f|25)|[\\;]|\/\.{1,2}(?:\/|$)|\/\//i.test(path)
}

function isNormal(target: string): boolean {
  return target.startsWith('/') && !/%|\/\./.test(target)
}

function normalEscapes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (escaped: string, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    return unreserved.test(character) ? character : escaped.toUpperCase()
  })
}

function removeDots(path: string): string {
  const kept: string[] = []
  const segments = path.split('/').slice(1)
  segments.forEach((segment, at) => {
    const isLast = at === segments.length - 1
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
    if (isLast && (segment === '.' || segment === '..')) kept.push('')
  })
  return `/${kept.join('/')}`
}
