import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allPages, readPage, root } from './pages.ts'

const places = [
  'library/src',
  'library/migrations',
  'library/test',
  'server/src',
  'dashboard/src',
  'scripts',
  'bench',
  'examples',
]

const files = places.flatMap(place =>
  readdirSync(join(root, place), { recursive: true, encoding: 'utf8' }).map(path => `/${place}/${path}`),
)

describe('the pages of the documentation name source files that are there', () => {
  it.each(allPages())('%s', path => {
    const named = readPage(path).match(/(?<![\w/.-])[\w-]+(?:\/[\w-]+)*\.(?:ts|sql)\b/g) ?? []
    expect([...new Set(named)].filter(name => !files.some(file => file.endsWith(`/${name}`)))).toEqual([])
  })
})
