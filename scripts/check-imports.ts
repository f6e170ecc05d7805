// Holds the house together: which room may import which (type-only imports counted), no circles, no file or folder
// that grew past its idea, `index.ts` only where package.json publishes a path.
//
//   node scripts/check-imports.ts [ROOT]
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

const maxLines = 350
const maxFilesInFolder = 14

/** What each room of the library may know besides itself. */
const mayKnow: Readonly<Record<string, readonly string[]>> = {
  base: [],
  sql: ['base'],
  ports: ['base'],
  core: ['base', 'ports', 'eviction', 'conversation'],
  eviction: ['base', 'ports', 'core', 'conversation'],
  conversation: ['base', 'ports', 'core', 'eviction'],
  caches: ['base', 'ports', 'core', 'eviction', 'conversation', 'sql'],
  adapters: ['base', 'ports', 'core', 'eviction', 'conversation', 'caches', 'sql'],
  observe: ['base', 'ports', 'sql'],
  testing: ['base', 'ports'],
  'drivers/postgres/embedded': ['base', 'ports', 'drivers/postgres'],
  // The library's front door shows what needs no driver.
  '': ['base', 'ports', 'core', 'eviction', 'conversation', 'caches', 'observe'],
}
const driversMayKnow = ['base', 'ports']

/** What each room of the dashboard may know besides itself. */
const dashboardMayKnow: Readonly<Record<string, readonly string[]>> = {
  'dashboard api': [],
  'dashboard format': [],
  'dashboard live': ['dashboard api'],
  'dashboard shell': ['dashboard api', 'dashboard format', 'dashboard live'],
  'dashboard charts': ['dashboard format', 'dashboard shell'],
  'dashboard parts': ['dashboard api', 'dashboard format', 'dashboard shell'],
  'dashboard pages': ['api', 'format', 'live', 'shell', 'charts', 'parts'].map(room => `dashboard ${room}`),
  dashboard: ['dashboard api', 'dashboard shell', 'dashboard pages'],
}

/** Observers name the events they subscribe to; the types alone, not the work. */
const eventTypes = /^library\/src\/(?:core|conversation|caches)\/.*-events\.ts$/

const concreteDrivers = [
  'reprise/postgres',
  'reprise/embedded',
  'reprise/redis',
  'reprise/memory-copies',
  'reprise/embedders',
]
const compositionRoot = 'server/src/compose.ts'

interface Import {
  readonly from: string
  readonly line: number
  readonly specifier: string
  /** The imported file, when the import is relative. */
  readonly target: string | undefined
  readonly typeOnly: boolean
}

interface Fault {
  readonly file: string
  readonly line: number
  readonly rule: string
}

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
const files = ['library/src', 'server/src', 'dashboard/src'].flatMap(sourceFiles).sort()
const imports = files.flatMap(importsOf)
const faults = [
  ...imports.flatMap(directionFaults),
  ...circleFaults(
    edgesBetween(file => file),
    'files',
  ),
  ...circleFaults(edgesBetween(roomOf), 'rooms'),
  ...files.flatMap(sizeFaults),
  ...folderFaults(),
  ...doorFaults(),
]

for (const { file, line, rule } of faults) console.error(`${file}:${line} → ${rule}`)
console.log(`${files.length} files, ${imports.length} imports, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const { program, module, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const found: Import[] = []
  const add = (specifier: string, start: number, typeOnly: boolean) => {
    const target = specifier.startsWith('.') ? posix.join(dirname(file), specifier) : undefined
    found.push({ from: file, line: text.slice(0, start).split('\n').length, specifier, target, typeOnly })
  }
  for (const { moduleRequest, entries, start } of module.staticImports)
    add(moduleRequest.value, start, entries.length > 0 && entries.every(entry => entry.isType))
  for (const { entries, start } of module.staticExports) {
    const specifier = entries.find(entry => entry.moduleRequest !== null)?.moduleRequest?.value
    if (specifier !== undefined)
      add(
        specifier,
        start,
        entries.every(entry => entry.isType),
      )
  }
  new Visitor({
    ImportExpression({ source, start }) {
      if (source.type === 'Literal' && typeof source.value === 'string') add(source.value, start, false)
    },
    TSImportType({ source, start }) {
      add(source.value, start, true)
    },
  }).visit(program)
  return found
}

function roomOf(file: string): string {
  if (file.startsWith('server/')) return 'server'
  if (file.startsWith('dashboard/')) return `dashboard ${dirname(file).split('/')[2] ?? ''}`.trimEnd()
  const folders = dirname(file).split('/').slice(2)
  if (folders[0] !== 'drivers') return folders[0] ?? ''
  const nested = folders.slice(0, 3).join('/')
  return nested in mayKnow ? nested : folders.slice(0, 2).join('/')
}

function directionFaults(entry: Import): Fault[] {
  const fault = (rule: string): Fault[] => [{ file: entry.from, line: entry.line, rule }]
  const { from, target, specifier, typeOnly } = entry
  const room = roomOf(from)
  const isDashboard = room.startsWith('dashboard')
  if (isDashboard && target?.endsWith('.css') && existsSync(join(root, target))) return []
  if (target === undefined) {
    if (isDashboard && specifier.startsWith('reprise') && !(typeOnly && specifier === 'reprise-server/answers'))
      return fault('the dashboard knows the server by its answers, and by their types alone')
    const ownPackage = specifier === 'reprise' || specifier.startsWith('reprise/')
    if (ownPackage && room !== 'server' && !isDashboard)
      return fault(`the library names its own files by path, not as ${specifier}`)
    if (concreteDrivers.includes(specifier) && from !== compositionRoot)
      return fault(`only ${compositionRoot} imports the concrete ${specifier}`)
    return []
  }
  if (!files.includes(target)) return fault(`${specifier} is no source file of this package`)
  const known = roomOf(target)
  if (known === room) return []
  if (room === 'server' || known === 'server') return fault('server and library meet by the package name alone')
  if (room === 'observe' && typeOnly && eventTypes.test(target)) return []
  const allowed = dashboardMayKnow[room] ?? mayKnow[room] ?? (room.startsWith('drivers/') ? driversMayKnow : undefined)
  if (allowed === undefined) return fault(`${room} is no room; DESIGN and this script name them`)
  if (allowed.includes(known)) return []
  return fault(`${room || 'the front door'} must not import ${known || 'the front door'} (${target})`)
}

type Edges = ReadonlyMap<string, ReadonlyMap<string, Import>>

function edgesBetween(nodeOf: (file: string) => string): Edges {
  const edges = new Map<string, Map<string, Import>>()
  for (const entry of imports) {
    if (entry.target === undefined || !files.includes(entry.target)) continue
    const [from, to] = [nodeOf(entry.from), nodeOf(entry.target)]
    // A room is expected to import itself; a file that does is a circle of one.
    if (from === to && from !== entry.from) continue
    const known = edges.get(from) ?? new Map<string, Import>()
    if (!known.has(to)) known.set(to, entry)
    edges.set(from, known)
  }
  return edges
}

/** One fault for each circle that a depth-first walk closes. */
function circleFaults(edges: Edges, kind: string): Fault[] {
  const circles: Fault[] = []
  const done = new Set<string>()
  const walk = (node: string, path: readonly string[]): void => {
    if (done.has(node)) return
    for (const [next, { from, line }] of edges.get(node) ?? []) {
      const start = [...path, node].indexOf(next)
      if (start < 0) walk(next, [...path, node])
      else {
        const circle = [...path, node].slice(start).concat(next).join(' → ')
        circles.push({ file: from, line, rule: `circle of ${kind}: ${circle}` })
      }
    }
    done.add(node)
  }
  for (const node of edges.keys()) walk(node, [])
  return circles
}

function sizeFaults(file: string): Fault[] {
  const lines = readFileSync(join(root, file), 'utf8').trimEnd().split('\n').length
  if (lines <= maxLines) return []
  return [{ file, line: maxLines + 1, rule: `${lines} lines: past ${maxLines} a file holds two ideas` }]
}

function folderFaults(): Fault[] {
  const counts = new Map<string, number>()
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  return [...counts]
    .filter(([, count]) => count > maxFilesInFolder)
    .map(([file, count]) => ({ file, line: 1, rule: `${count} files: past ${maxFilesInFolder} find the missing idea` }))
}

function doorFaults(): Fault[] {
  const published = ['library', 'server'].flatMap(workspace => {
    const manifest: unknown = JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8'))
    const paths = JSON.stringify(manifest).match(/\.\/dist\/[^"]*\.js/g) ?? []
    return paths.map(path => posix.join(workspace, path.replace('./dist/', 'src/').replace(/\.js$/, '.ts')))
  })
  return files
    .filter(file => basename(file) === 'index.ts' && !published.includes(file))
    .map(file => ({ file, line: 1, rule: 'index.ts stands only where package.json publishes a path' }))
}
