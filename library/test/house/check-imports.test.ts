import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'

const script = join(import.meta.dirname, '../../../scripts/check-imports.ts')
const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

/** A small house of the given files, checked: the lines of what is wrong with it. */
function check(tree: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'reprise-house-'))
  roots.push(root)
  const files = {
    'library/package.json': JSON.stringify({ exports: { '.': './dist/index.js' } }),
    'server/package.json': JSON.stringify({ bin: { reprise: './dist/cli/main.js' } }),
    'library/src/index.ts': '',
    'server/src/compose.ts': '',
    'dashboard/src/main.tsx': '',
    ...tree,
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  const faults = stderr.split('\n').filter(line => line.includes(' → '))
  expect(status).toBe(faults.length === 0 ? 0 : 1)
  return faults
}

test('the house as it stands keeps its rules', () => {
  expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toMatch(/, 0 faults\n$/)
})

test('a house in order passes', () => {
  const faults = check({
    'library/src/base/clock.ts': 'export interface Clock {}',
    'library/src/ports/store.ts': `import type { Clock } from '../base/clock.ts'\nexport type Store = Clock`,
    'library/src/conversation/conversation-events.ts': 'export interface ConversationEvents {}',
    'library/src/observe/log.ts': `import type { ConversationEvents } from '../conversation/conversation-events.ts'`,
    'library/src/drivers/postgres/database.ts': 'export interface DatabaseEvents {}',
    'library/src/drivers/postgres/embedded/open.ts': `import '../database.ts'`,
    'server/src/compose.ts': `import 'reprise/postgres'\nimport 'reprise'`,
  })
  expect(faults).toEqual([])
})

test.each<[string, Readonly<Record<string, string>>, string]>([
  [
    'an import that points up, though it is of types alone',
    {
      'library/src/base/clock.ts': `\nimport type { Store } from '../ports/store.ts'`,
      'library/src/ports/store.ts': 'export {}',
    },
    'library/src/base/clock.ts:2 → base must not import ports (library/src/ports/store.ts)',
  ],
  [
    'a type named inline',
    {
      'library/src/base/clock.ts': `export type Clock = import('../ports/store.ts').Store`,
      'library/src/ports/store.ts': 'export interface Store {}',
    },
    'library/src/base/clock.ts:1 → base must not import ports (library/src/ports/store.ts)',
  ],
  [
    'an import made while running',
    {
      'library/src/drivers/redis/copies.ts': `export const load = () => import('../memory/copies.ts')`,
      'library/src/drivers/memory/copies.ts': 'export {}',
    },
    'library/src/drivers/redis/copies.ts:1 → drivers/redis must not import drivers/memory (library/src/drivers/memory/copies.ts)',
  ],
  [
    'an observer that imports the work',
    {
      'library/src/observe/log.ts': `export { a } from '../conversation/conversations.ts'`,
      'library/src/conversation/conversations.ts': 'export const a = 1',
    },
    'library/src/observe/log.ts:1 → observe must not import conversation (library/src/conversation/conversations.ts)',
  ],
  [
    'real PostgreSQL that imports the embedded one',
    {
      'library/src/drivers/postgres/connect.ts': `import './embedded/open.ts'`,
      'library/src/drivers/postgres/embedded/open.ts': 'export {}',
    },
    'library/src/drivers/postgres/connect.ts:1 → drivers/postgres must not import drivers/postgres/embedded (library/src/drivers/postgres/embedded/open.ts)',
  ],
  [
    'a circle of files',
    {
      'library/src/base/a.ts': `import './b.ts'`,
      'library/src/base/b.ts': `import './c.ts'`,
      'library/src/base/c.ts': `import type { A } from './a.ts'`,
    },
    'library/src/base/c.ts:1 → circle of files: library/src/base/a.ts → library/src/base/b.ts → library/src/base/c.ts → library/src/base/a.ts',
  ],
  [
    'a circle of rooms',
    {
      'library/src/core/a.ts': `import '../eviction/a.ts'`,
      'library/src/core/b.ts': '',
      'library/src/eviction/a.ts': '',
      'library/src/eviction/b.ts': `import '../core/b.ts'`,
    },
    'library/src/eviction/b.ts:1 → circle of rooms: core → eviction → core',
  ],
  [
    'a room that nobody named',
    { 'library/src/utils/a.ts': `import '../base/a.ts'`, 'library/src/base/a.ts': '' },
    'library/src/utils/a.ts:1 → utils is no room; DESIGN and this script name them',
  ],
  [
    'a concrete driver outside the composition root',
    { 'server/src/http/chat-routes.ts': `import type { Database } from 'reprise/postgres'` },
    'server/src/http/chat-routes.ts:1 → only server/src/compose.ts imports the concrete reprise/postgres',
  ],
  [
    'a server that reaches into the library',
    { 'server/src/compose.ts': `import '../../library/src/index.ts'` },
    'server/src/compose.ts:1 → server and library meet by the package name alone',
  ],
  [
    'a library that imports itself by name',
    { 'library/src/base/a.ts': `import 'reprise/memory'` },
    'library/src/base/a.ts:1 → the library names its own files by path, not as reprise/memory',
  ],
  [
    'a file that is not there',
    { 'library/src/base/a.ts': `import './gone.ts'` },
    'library/src/base/a.ts:1 → ./gone.ts is no source file of this package',
  ],
  [
    'a file past its length',
    { 'library/src/base/a.ts': '// a line\n'.repeat(351) },
    'library/src/base/a.ts:351 → 351 lines: past 350 a file holds two ideas',
  ],
  [
    'a folder past its count',
    Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`library/src/base/a${n}.ts`, ''])),
    'library/src/base:1 → 15 files: past 14 find the missing idea',
  ],
  [
    'a door that is not published',
    { 'library/src/base/index.ts': '' },
    'library/src/base/index.ts:1 → index.ts stands only where package.json publishes a path',
  ],
])('%s fails the check', (_name, tree, fault) => {
  expect(check(tree)).toEqual([fault])
})
